//! Shows: the way back, two weeks later, from one journal, by one call that cannot be half turned round.

use std::path::Path;

use regionmig::{ApplyOptions, FileJournal, Migration, Outcome};

pub(crate) async fn fail_back(forward: &Migration, there: &Path, back_again: &Path) -> anyhow::Result<Outcome> {
    let Some((journal, plan)) = FileJournal::open(there).await? else { anyhow::bail!("no journal") };
    let back = forward.fail_back(&plan, &journal).await?; // route, map and purpose, all three
    let plan = back.plan(&back.survey().await?)?;
    println!("{plan}");
    let journal = FileJournal::create(back_again, &plan).await?;
    let outcome = back.apply(&plan, &journal, &ApplyOptions::default().allow_overwriting()).await?;
    println!("{outcome}");
    Ok(outcome)
}
