//! Whether KMS has room for what the plan makes, and what that costs by the month.
// REQ: E-25 E-42

use std::collections::BTreeMap;

use regionmig_core::{KeyArn, Lookup};

use super::Planner;
use crate::finding;
use crate::material::counterpart_of;
use crate::step::{Part, Step};

// KMS developer guide, "Resource quotas": what an account has in a region unless it asked for more. Keys count in
// whichever state; what AWS manages does not count.
const MOST_KEYS: usize = 100_000;
const MOST_ALIASES: usize = 50;
const MOST_GRANTS: usize = 50_000;

/// How much of one kind there is, what the plan adds, and how much there may be by default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) what: &'static str,
    pub(crate) there: usize,
    pub(crate) more: usize,
    pub(crate) most: usize,
    /// Whether there may be more that could not be read.
    pub(crate) is_part: bool,
}

impl Room {
    fn is_exceeded(self) -> bool {
        self.more > 0 && self.there + self.more > self.most
    }
}

/// How many aliases and grants the counterpart of a key gets.
#[derive(Debug, Default)]
struct More {
    aliases: usize,
    grants: usize,
}

impl Planner<'_> {
    /// Says where the target's default quotas leave no room for the steps that were planned, and what these cost.
    pub(super) fn room(&mut self) {
        let mut made = 0;
        let mut more: BTreeMap<KeyArn, More> = BTreeMap::new();
        for step in &self.draft.steps {
            match step {
                Step::CreateKey(_) | Step::ReplicateKey(_) => made += 1,
                Step::CreateAlias(_) | Step::UpdateAlias(_) => more.entry(step.key().clone()).or_default().aliases += 1,
                Step::CreateGrant(_) => more.entry(step.key().clone()).or_default().grants += 1,
                _ => {}
            }
        }
        self.room_for_keys(made);
        for (key, more) in more {
            self.room_on(&key, &more);
        }
        if made > 0 {
            self.draft.find(finding::monthly_cost(made, self.survey.route.target.partition));
        }
    }

    fn room_for_keys(&mut self, made: usize) {
        let keys = &self.survey.target.value.keys;
        // One of which nothing is known may be a customer's.
        let there = keys.known().filter(|(_, key)| key.is_customers()).count() + keys.unknown().count();
        let is_part = keys.gaps().next().is_some();
        let room = Room { what: "customer managed keys", there, more: made, most: MOST_KEYS, is_part };
        if room.is_exceeded() {
            self.draft.find(finding::quota(room));
        }
    }

    fn room_on(&mut self, key: &KeyArn, more: &More) {
        let target = &self.survey.target.value;
        let (mut aliases, mut grants) = (0, 0);
        if let Some(there) = counterpart_of(key, &self.draft.ids) {
            aliases = self.target.names_of(&there).len();
            grants = if let Lookup::Present(grants) = target.grants.lookup(&there) { grants.len() } else { 0 };
        }
        let is_part = target.aliases.gaps().next().is_some();
        let aliases =
            Room { what: "aliases of one key", there: aliases, more: more.aliases, most: MOST_ALIASES, is_part };
        // Where the grants were not read, none are planned.
        let grants =
            Room { what: "grants of one key", there: grants, more: more.grants, most: MOST_GRANTS, is_part: false };
        if aliases.is_exceeded() {
            self.draft.find(finding::quota(aliases).about(key));
        }
        if grants.is_exceeded() {
            self.draft.find(finding::quota(grants).about(Part::Grants.of(key)));
        }
    }
}
