//! Cases in which labels move.

use serde_json::{Value, json};

use super::{Case, Steps, step};

pub(crate) fn play(case: &Case, base: &str) -> Option<Steps> {
    Some(match base {
        "test_update_secret_version_stages_return_type" => {
            let mut play = Play::new(case, "S1");
            play.put("put_secret_value_res_0", "S2", &["AWSPENDING"]);
            play.moved("update_secret_version_stage_res_0", "AWSCURRENT", 0, Some(1));
            play.end()
        }
        "test_update_secret_version_stages_current_pending" => {
            let mut play = Play::new(case, "S1");
            play.put("put_secret_value_res_0", "S2", &["AWSPENDING"]);
            play.list("list_secret_version_ids_res_0");
            play.moved("update_secret_version_stage_res_0", "AWSCURRENT", 0, Some(1));
            play.list("list_secret_version_ids_res_1");
            play.put("put_secret_value_res_1", "S3", &[]);
            play.list("list_secret_version_ids_res_2");
            play.end()
        }
        "test_update_secret_version_stages_current_pending_cycle" => cycle(case),
        "test_update_secret_version_stages_current_pending_cycle_custom_stages_2" => custom(case),
        "test_update_secret_version_stages_current_pending_cycle_custom_stages_3" => by_version(case),
        "test_non_versioning_version_stages_replacement" => own(case, &["one", "two", "three", "four"]),
        "test_non_versioning_version_stages_no_replacement" => own(case, &["one", "two", "four"]),
        "test_deprecated_secret_version_stage" => deprecated(case),
        _ => return None,
    })
}

/// A case under way: its steps, and the versions that were made.
struct Play<'a> {
    case: &'a Case,
    steps: Steps,
    versions: Vec<Value>,
}

impl<'a> Play<'a> {
    fn new(case: &'a Case, text: &str) -> Self {
        Self::named(case, "create_secret_rs_0", text)
    }

    fn named(case: &'a Case, name: &str, text: &str) -> Self {
        let created = case.create(text);
        Self { case, versions: vec![created["VersionId"].clone()], steps: vec![step(name, created)] }
    }

    fn put(&mut self, name: &str, text: &str, stages: &[&str]) {
        let mut input = json!({ "SecretString": text });
        if !stages.is_empty() {
            input["VersionStages"] = json!(stages);
        }
        let answer = self.case.of("PutSecretValue", input);
        self.versions.push(answer["VersionId"].clone());
        self.steps.push(step(name, answer));
    }

    fn ask(&mut self, name: &str, operation: &str, input: Value) {
        let answer = self.case.of(operation, input);
        self.steps.push(step(name, answer));
    }

    fn list(&mut self, name: &str) {
        self.ask(name, "ListSecretVersionIds", json!({}));
    }

    fn get(&mut self, name: &str) {
        self.ask(name, "GetSecretValue", json!({}));
    }

    fn moved(&mut self, name: &str, stage: &str, from: usize, to: Option<usize>) {
        let mut input = json!({ "VersionStage": stage, "RemoveFromVersionId": self.versions[from] });
        if let Some(to) = to {
            input["MoveToVersionId"] = self.versions[to].clone();
        }
        self.ask(name, "UpdateSecretVersionStage", input);
    }

    fn end(mut self) -> Steps {
        self.steps.push(step("delete_secret_res_0", self.case.delete()));
        self.steps
    }
}

fn cycle(case: &Case) -> Steps {
    let mut play = Play::new(case, "S1");
    play.put("put_secret_value_res_0", "S2", &["AWSPENDING"]);
    play.list("list_secret_version_ids_res_0");
    play.get("get_secret_value_res_0");
    play.moved("update_secret_version_stage_res_0", "AWSCURRENT", 0, Some(1));
    play.list("list_secret_version_ids_res_1");
    play.get("get_secret_value_res_1");
    play.put("put_secret_value_res_1", "S3", &["AWSPENDING"]);
    play.list("list_secret_version_ids_res_2");
    play.get("get_secret_value_res_2");
    // Whatever its name, this step was recorded of a label that moved: it has no version.
    play.moved("put_secret_value_res_2", "AWSCURRENT", 1, Some(2));
    play.list("list_secret_version_ids_res_3");
    play.get("get_secret_value_res_3");
    play.end()
}

fn custom(case: &Case) -> Steps {
    let mut play = Play::new(case, "S0");
    play.put("put_secret_value_res_0", "S1", &["AWSCURRENT", "PUT0"]);
    play.list("list_secret_version_ids_res_0");
    play.put("put_secret_value_res_1", "S2", &["AWSPENDING", "PUT1"]);
    play.list("list_secret_version_ids_res_1");
    play.get("get_secret_value_res_0");
    play.moved("update_secret_version_stage_res_0", "AWSCURRENT", 1, Some(2));
    play.list("list_secret_version_ids_res_2");
    play.get("get_secret_value_res_1");
    play.put("put_secret_value_res_2", "S3", &["AWSPENDING", "PUT2"]);
    play.list("list_secret_version_ids_res_3");
    play.get("get_secret_value_res_2");
    play.moved("update_secret_version_stage_res_1", "AWSCURRENT", 2, Some(3));
    play.list("list_secret_version_ids_res_4");
    play.get("get_secret_value_res_3");
    play.end()
}

fn by_version(case: &Case) -> Steps {
    let mut play = Play::named(case, "create_secret_rs", "SS");
    play.put("put_secret_value_res_0", "S1", &["PENDING"]);
    play.list("list_secret_version_ids_rs");
    let both = |play: &mut Play<'_>, names: [&str; 2]| {
        for (name, version) in names.into_iter().zip(play.versions.clone()) {
            play.ask(name, "GetSecretValue", json!({ "VersionId": version }));
        }
    };
    both(&mut play, ["get_secret_value_v1_rs", "get_secret_value_v2_rs"]);
    play.moved("update_secret_version_stage_res_1", "AWSCURRENT", 0, Some(1));
    both(&mut play, ["get_secret_value_v1_rs_1", "get_secret_value_v2_rs_1"]);
    play.moved("update_secret_version_stage_res_2", "PENDING", 1, None);
    both(&mut play, ["get_secret_value_v1_rs_2", "get_secret_value_v2_rs_2"]);
    play.end()
}

/// The labels of the second version, which leaves to the first what is not among them.
fn own(case: &Case, stages: &[&str]) -> Steps {
    let mut play = Play::new(case, "S1");
    play.put("put_secret_value_res_0", "S2", &["one", "two", "three"]);
    play.list("list_secret_version_ids_res_0");
    play.put("put_secret_value_res_1", "S3", stages);
    play.list("list_secret_version_ids_res_1");
    play.end()
}

fn deprecated(case: &Case) -> Steps {
    let mut play = Play::named(case, "create_secret", "v1");
    play.list("list_secret_version_ids");
    play.put("put_secret_value_1", "v2", &[]);
    play.list("list_secret_version_ids_1");
    play.put("put_secret_value_2", "v3", &[]);
    play.list("list_secret_version_ids_2");
    play.ask("list_secret_version_ids_3", "ListSecretVersionIds", json!({ "IncludeDeprecated": true }));
    play.put("put_secret_value_3", "v4", &[]);
    play.list("list_secret_version_ids_4");
    play.ask("list_secret_version_ids_5", "ListSecretVersionIds", json!({ "IncludeDeprecated": true }));
    play.steps
}
