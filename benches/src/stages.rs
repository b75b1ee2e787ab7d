//! Each stage of a migration by itself, beside what the figures hold it against.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use regionmig_core::{ApplyOptions, MemoryJournal, MigrationPlan};

use crate::inputs::{Case, runtime};

#[path = "../../crates/regionmig-core/benches/figures/appends.rs"]
mod appends;
#[path = "../../crates/regionmig-core/benches/figures/inputs.rs"]
mod inputs;
#[path = "../../crates/regionmig-core/benches/figures/stored.rs"]
mod stored;

const STEPS: usize = 10_000;
const RECORDS: u32 = 640;

fn planning(criterion: &mut Criterion) {
    let case = Case::new(STEPS);
    let lines = stored::lines(&case);
    let mut group = criterion.benchmark_group("planning");
    group.throughput(Throughput::Elements(STEPS as u64));
    group.bench_function("core", |bench| bench.iter(|| case.migration.plan(&case.survey).unwrap()));
    group.bench_function("serialising", |bench| bench.iter(|| stored::write(&lines)));
}

fn reading(criterion: &mut Criterion) {
    let case = Case::new(STEPS);
    let bytes = case.migration.plan(&case.survey).unwrap().to_bytes();
    let mut group = criterion.benchmark_group("reading");
    group.throughput(Throughput::Elements(STEPS as u64));
    group.bench_function("core", |bench| bench.iter(|| MigrationPlan::from_bytes(&bytes).unwrap()));
    group.bench_function("parsing", |bench| bench.iter(|| drop(black_box(stored::parse(&bytes)))));
}

/// The whole of a run, the check of the plan included.
fn engine(criterion: &mut Criterion) {
    let case = Case::new(STEPS);
    let plan = case.migration.plan(&case.survey).unwrap();
    let run = || {
        let (journal, options) = (MemoryJournal::default(), ApplyOptions::default().fresh());
        assert!(runtime().block_on(case.migration.apply(&plan, &journal, &options)).unwrap().is_complete());
        journal
    };
    let records = run().records();
    let mut group = criterion.benchmark_group("engine");
    group.throughput(Throughput::Elements(STEPS as u64));
    group.bench_function("core", |bench| bench.iter(run));
    group.bench_function("serialising", |bench| bench.iter(|| stored::write_each(&records)));
}

fn appending(criterion: &mut Criterion) {
    let appends = appends::Appends::new();
    let mut group = criterion.benchmark_group("appending");
    group.throughput(Throughput::Elements(RECORDS.into())).sample_size(10);
    for at_once in [1, 8, 64] {
        group.bench_function(format!("{at_once} at once"), |bench| bench.iter(|| appends.add(RECORDS, at_once)));
    }
}

criterion_group!(stages, planning, reading, engine, appending);
criterion_main!(stages);
