//! Shows: one service in its own types: look, thin out, apply, read what became what.

use std::collections::BTreeSet;

use regionmig::kms::{Kms, Step};
use regionmig::{Access, ApplyOptions, KeyArn, MemoryJournal, Migration, Route};

pub(crate) async fn payments(route: Route, access: &Access) -> anyhow::Result<Vec<(KeyArn, KeyArn)>> {
    let kms = Kms::new(access);
    let migration = Migration::new(route, access).with(kms.clone());
    let survey = migration.survey().await?;
    let source = survey.of(&kms)?.source;
    source.keys.known().for_each(|(arn, key)| println!("{arn} {}", key.spec));
    let aliases = source.aliases.known().filter(|(name, _)| name.as_str().starts_with("alias/payments"));
    let payments: BTreeSet<&KeyArn> = aliases.map(|(_, alias)| &alias.key).collect();
    let wanted = |step: &Step| payments.contains(step.key()) && !matches!(step, Step::CreateGrant { .. });
    let plan = migration.plan(&survey)?.keep(&kms, wanted)?; // another plan; what it leaves out is a finding
    let journal = MemoryJournal::default();
    let outcome = migration.apply(&plan, &journal, &ApplyOptions::default()).await?;
    for (step, standing) in outcome.of(&kms, &plan)? {
        let target = standing.receipt().and_then(|receipt| receipt.target_of(step.key()));
        println!("{step:?}: made by us: {}, now {target:?}", standing.is_made());
    }
    outcome.ids().pairs::<KeyArn>().for_each(|(source, target)| println!("{source} -> {target}"));
    Ok(outcome.ids().pairs::<KeyArn>().collect())
}
