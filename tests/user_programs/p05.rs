//! Shows: going on after a crash; a person answering for a task; a program told of one.

use std::path::Path;
use std::sync::{Arc, Mutex};

use regionmig::kms::{Kms, task::IMPORT_MATERIAL};
use regionmig::{Access, ApplyOptions, BoxError, FileJournal, Migration, Perform, Task};

/// A pager of those who keep the key material.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pager(pub(crate) Arc<Mutex<Vec<String>>>);

#[async_trait::async_trait]
impl Perform for Pager {
    /// Called in each run in which a step waits for it: must bear repeating.
    async fn perform(&self, task: &Task) -> Result<(), BoxError> {
        let key = task.values.get("source").ok_or("the task names no key")?;
        self.0.lock().map_err(|_| "poisoned")?.push(format!("{}: {key}", task.code));
        Ok(())
    }
}

/// `answered`: ("identity-center/switch-idp/idc.instance:ssoins-1", "ticket 4711")
pub(crate) async fn resume(
    access: &Access,
    path: &Path,
    pager: &Pager,
    answered: Option<(&str, &str)>,
) -> anyhow::Result<usize> {
    let Some((journal, plan)) = FileJournal::open(path).await? else { anyhow::bail!("nothing was begun") };
    let migration = Migration::new(plan.route().clone(), access).with(Kms::new(access));
    let migration = migration.on_task(IMPORT_MATERIAL, pager.clone());
    if let Some((step, note)) = answered {
        migration.acknowledge(&plan, &journal, &step.parse()?, "alice", note).await?;
    }
    let outcome = migration.apply(&plan, &journal, &ApplyOptions::default()).await?;
    outcome.tasks().for_each(|(step, task)| println!("{step}: {task}"));
    Ok(outcome.tasks().count())
}
