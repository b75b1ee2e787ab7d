//! Shows: planning while the source answers half the time: what is known, how old that is, what is
//! not known.

use std::time::Duration;

use regionmig::{Clock, Migration, MigrationSurvey};

pub(crate) async fn half_dead(
    migration: &Migration,
    clock: &dyn Clock,
    last_week: &[u8],
) -> anyhow::Result<Vec<String>> {
    let mut told = Vec::new();
    let mut survey = migration.survey().await?;
    let begun = clock.now();
    while !survey.is_whole() && clock.now().duration_since(begun).as_secs() < 600 {
        clock.sleep(Duration::from_secs(30)).await;
        migration.resurvey(&mut survey).await?; // asks again only where there are gaps
    }
    survey.unread().for_each(|unread| told.push(format!("not read: {unread}")));
    // The source only: what the target had last week says nothing of what it has now.
    survey.backfill_source(&MigrationSurvey::from_bytes(last_week)?)?;
    let plan = migration.plan(&survey)?;
    let unknown = plan.findings().iter().filter(|finding| finding.is_unknown());
    unknown.for_each(|finding| told.push(format!("not known: {finding}"))); // core.unclear; core.stale, with its day
    plan.held().iter().for_each(|(step, hold)| told.push(format!("held: {step}: {hold}")));
    Ok(told)
}
