//! Ends at which something is wrong that no service of the conformance tests leaves, made by hand.

use aws_sdk_kms::types::Tag;
use regionmig_core::KeyArn;

use super::*;
use crate::invariants::Allowance;
use crate::invariants::by_hand::{STRICT, TARGET, end, ended_well, key_made, kms, started, steps, watched, written};

/// Who has come to the end with no trouble at all.
struct Ended {
    watch: Watch,
    migration: Migration,
    outcome: Outcome,
    /// The key that was made.
    key: KeyArn,
}

impl Ended {
    async fn well(allowance: Allowance) -> Self {
        let (watch, source) = watched(allowance).await;
        let (migration, outcome) = ended_well(&watch).await;
        let key = outcome.ids().target_of(&source).expect("its counterpart");
        Self { watch, migration, outcome, key }
    }

    /// Makes one more key, as a request of the step that made the first would, with these tags.
    async fn makes_another(&self, tags: Vec<Tag>) -> String {
        written(&self.watch, &steps(&self.watch).0, started()).await;
        key_made(&self.watch.world, &end(TARGET), tags).await
    }

    /// The tags of the key that was made, its mark among them.
    async fn tags(&self) -> Vec<Tag> {
        let listed = kms(&self.watch.world, &end(TARGET)).list_resource_tags().key_id(self.key.as_str()).send().await;
        listed.expect("its tags").tags.unwrap_or_default()
    }

    async fn settled(&self, strangers: bool) -> Result<usize, Breach> {
        self.watch.settle(&[Settled { migration: &self.migration, outcome: &self.outcome }], strangers).await
    }
}

/// As where one of two operators was late.
const LENIENT: Allowance = Allowance { doubles: true, repeats: 2 };

#[tokio::test]
async fn a_run_in_which_nothing_goes_wrong_ends_well() {
    for allowance in [STRICT, LENIENT] {
        let ended = Ended::well(allowance).await;
        assert_eq!(ended.settled(false).await, Ok(0));
        assert_eq!(ended.settled(true).await, Ok(0));
    }
}

#[tokio::test]
async fn what_was_made_and_nobody_speaks_of_is_a_breach() {
    let ended = Ended::well(LENIENT).await;
    let another = ended.makes_another(Vec::new()).await;
    let breach = ended.settled(false).await.expect_err("nobody speaks of it");
    assert_eq!(
        (breach.invariant, breach.message),
        (Invariant::Named, format!("{another} was made, and nobody says so"))
    );
    assert!(breach.ledger.len() == 1 && breach.ledger[0].contains("kms:CreateKey"), "{:?}", breach.ledger);
}

#[tokio::test]
async fn what_is_there_twice_and_reported_is_allowed_only_where_no_client_can_know() {
    let ended = Ended::well(LENIENT).await;
    ended.makes_another(ended.tags().await).await;
    assert_eq!(ended.settled(false).await, Ok(1));
    let ended = Ended::well(Allowance { repeats: 2, ..STRICT }).await;
    let another = ended.makes_another(ended.tags().await).await;
    let breach = ended.settled(false).await.expect_err("it is there twice");
    assert!(breach.invariant == Invariant::DoneOnce && breach.to_string().contains(&another), "{breach}");
}

#[tokio::test]
async fn what_is_there_besides_is_a_breach_unless_there_were_strangers() {
    let ended = Ended::well(STRICT).await;
    let stranger = ended.watch.world.kms(&end(TARGET)).make();
    let breach = ended.settled(false).await.expect_err("it is there besides");
    assert!(breach.invariant == Invariant::SameEnd && breach.message.contains(stranger.as_str()), "{breach}");
    assert_eq!(ended.settled(true).await, Ok(0));
}

#[tokio::test]
async fn what_is_no_more_as_it_was_made_is_a_breach() {
    let ended = Ended::well(STRICT).await;
    ended.watch.world.kms_alias(&end(TARGET), "alias/a", None);
    let breach = ended.settled(true).await.expect_err("its name names nothing");
    assert!(breach.invariant == Invariant::SameEnd && breach.message.contains("alias/a"), "{breach}");
}
