//! Golden plans: what a survey leads to, as a person reads it.
//!
//! Each `tests/kms/plans/<case>/survey.json` is planned and compared with `plan.txt` beside it. With `REGIONMIG_BLESS=1` in the
//! environment the texts are written anew, to be read as a diff.

use std::fmt::Write;
use std::path::Path;

use regionmig_aws::{Access, Error};
use regionmig_core::{
    Applied, Apply, Check, Draft, Inventory, Migration, Plan, Probe, RunContext, Service, Side, StepContext, Survey,
    Verify,
};
use regionmig_kms::{Kms, Snapshot, Step};

/// Finds what a file says, and plans as KMS does.
#[derive(Clone, Debug)]
struct Stored(Kms, Survey<Snapshot>);

impl Service for Stored {
    type Snapshot = Snapshot;
    type Step = Step;
    type Error = Error;

    fn name(&self) -> &str {
        self.0.name()
    }
}

impl Inventory for Stored {
    async fn inventory(&self, side: Side, _cx: &RunContext) -> Result<Snapshot, Error> {
        Ok(self.1.side(side).value.clone())
    }
}

impl Plan for Stored {
    fn plan(&self, survey: &Survey<Snapshot>) -> Draft<Step> {
        // The file's own dates count, not today's.
        let mut survey = survey.clone();
        (survey.source.at, survey.target.at) = (self.1.source.at, self.1.target.at);
        self.0.plan(&survey)
    }
}

impl Apply for Stored {
    async fn probe(&self, step: &Step, cx: &StepContext<'_>) -> Result<Probe, Error> {
        self.0.probe(step, cx).await
    }

    async fn apply(&self, step: &Step, cx: &StepContext<'_>) -> Result<Applied, Error> {
        self.0.apply(step, cx).await
    }
}

impl Verify for Stored {
    async fn verify(&self, survey: &Survey<Snapshot>, cx: &RunContext) -> Result<Vec<Check>, Error> {
        self.0.verify(survey, cx).await
    }
}

async fn shown(survey: Survey<Snapshot>) -> String {
    let access = Access::new(&aws_types::SdkConfig::builder().build());
    let kms = Stored(Kms::new(&access), survey.clone());
    let migration = Migration::new(survey.route.clone(), &access).with(kms.clone());
    let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
    // When it was surveyed is the one thing that differs from run to run.
    let full = plan.full().to_string();
    let mut text: String =
        full.lines().filter(|line| !line.contains("surveyed")).map(|line| format!("{line}\n")).collect();
    text.push_str("\nstored\n");
    for step in plan.steps() {
        writeln!(text, "  {}", serde_json::to_string(&step.decode(&kms).unwrap()).unwrap()).unwrap();
    }
    text
}

#[tokio::test]
async fn plans_are_as_they_were_read_and_found_good() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kms/plans");
    let is_blessed = std::env::var_os("REGIONMIG_BLESS").is_some();
    let mut seen = 0;
    for case in std::fs::read_dir(&cases).unwrap() {
        let case = case.unwrap().path();
        let survey = std::fs::read_to_string(case.join("survey.json")).unwrap();
        let text = Box::pin(shown(serde_json::from_str(&survey).unwrap())).await;
        let golden = case.join("plan.txt");
        if is_blessed {
            std::fs::write(&golden, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap();
        assert_eq!(text, expected, "{}: if that is right, run again with REGIONMIG_BLESS=1", case.display());
        seen += 1;
    }
    assert!(seen >= 4);
}
