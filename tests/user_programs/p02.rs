//! Shows: a nightly job. 0: nothing new; 2: a new blocker; 3: new blockers, all for want of an answer.

use std::{fs, path::Path};

use regionmig::{Migration, MigrationPlan, Severity::Blocker};

pub(crate) async fn nightly(migration: &Migration, folder: &Path) -> anyhow::Result<u8> {
    let survey = migration.survey().await?;
    fs::write(folder.join(format!("survey-{}", survey.taken_at())), survey.to_bytes())?;
    let plan = migration.plan(&survey)?;
    let file = folder.join("plan");
    let yesterday = if fs::exists(&file)? { MigrationPlan::from_bytes(&fs::read(&file)?)? } else { plan.clone() };
    let diff = yesterday.diff(&plan);
    println!("{diff}");
    fs::write(&file, plan.to_bytes())?;
    let new = |unknown| diff.new_findings(Blocker).any(|finding| finding.is_unknown() == unknown);
    Ok(if new(false) {
        2
    } else if new(true) {
        3
    } else {
        0
    })
}
