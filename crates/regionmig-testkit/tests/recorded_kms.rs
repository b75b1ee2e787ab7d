//! Answers that AWS gave, recorded by others, against the world's.
//!
//! The records are those of LocalStack's tests of KMS (`test_kms.snapshot.json`), made at AWS. They hold what was answered; what
//! was asked is worked out here from the names of cases and steps.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "recorded/case.rs"]
mod case;
#[path = "recorded/compare.rs"]
mod compare;
#[path = "recorded/scenarios.rs"]
mod scenarios;
#[path = "recorded/snapshot.rs"]
mod snapshot;
#[path = "recorded/wire.rs"]
mod wire;
#[path = "support/wrap.rs"]
mod wrapping;

use std::collections::BTreeSet;

use case::Case;
use compare::{Compare, REASONS};

#[test]
fn what_was_recorded_is_what_the_world_answers() {
    let Some(recorded) = snapshot::read("test_kms.snapshot.json", |text| text) else {
        println!("skipped: fidelity_kms (no recorded answers)");
        return;
    };
    let (mut reproduced, mut wrong, mut reasons) = (0, Vec::new(), BTreeSet::new());
    for (id, case) in &recorded {
        let name = id.rsplit("::").next().unwrap_or(id);
        let Some(answers) = scenarios::play(&Case::new(), name) else {
            println!("not worked out: {name}");
            continue;
        };
        let (mut compare, mut is_whole) = (Compare::default(), true);
        for (step, wanted) in case["recorded-content"].as_object().unwrap() {
            let Some((_, answer)) = answers.iter().find(|(answered, _)| answered == step) else {
                println!("not worked out: {name} {step}");
                is_whole = false;
                continue;
            };
            if let Some(complaint) = compare.differs(wanted, answer) {
                wrong.push(format!("{name} {step}: {complaint}"));
            }
        }
        for reason in &compare.excused {
            println!("differs: {name}: {reason}");
        }
        reproduced += usize::from(is_whole && compare.excused.is_empty());
        reasons.append(&mut compare.excused);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(reasons, BTreeSet::from(REASONS), "a difference that is gone must not be listed");
    println!("shown: fidelity_kms recorded {reproduced} of {} reproduced", recorded.len());
    // All but five, of those that this was written for.
    assert!(reproduced >= 71, "{reproduced}");
}
