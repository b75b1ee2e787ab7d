//! Shows: a whole migration that goes on by itself when run again: after a crash, a task done, new credentials.

use std::path::Path;

use indicatif::ProgressBar;
use regionmig::{Access, ApplyOptions, Event, FileJournal, Migration, MigrationPlan, Route, kms::Kms};

pub(crate) async fn main(
    access: &Access,
    path: &Path,
    confirm: impl Fn(&MigrationPlan) -> bool,
) -> anyhow::Result<String> {
    let route = Route::new("111122223333/me-central-1".parse()?, "111122223333/eu-central-1".parse()?)?;
    let bar = ProgressBar::hidden();
    let migration = Migration::new(route, access).with(Kms::new(access));
    let shown = bar.clone();
    let migration = migration.observe(move |event| match event {
        Event::Began { total, done } => shown.update(|bar| {
            bar.set_len(*total);
            bar.set_pos(*done);
        }),
        Event::StepDone { .. } => shown.inc(1),
        _ => {}
    });
    let (journal, plan) = match FileJournal::open(path).await? {
        Some(earlier) => earlier,
        None => {
            let plan = migration.plan(&migration.survey().await?)?;
            if !confirm(&plan) {
                return Ok(String::new());
            }
            (FileJournal::create(path, &plan).await?, plan)
        }
    };
    let outcome = migration.apply(&plan, &journal, &ApplyOptions::default()).await?;
    bar.finish();
    // What failed, waits or is held, why, and what to do about each.
    Ok(format!("{outcome}\n{}", migration.verify(outcome.ids()).await?))
}
