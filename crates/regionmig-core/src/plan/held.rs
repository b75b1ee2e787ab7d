//! Why steps are not run.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use crate::error::escaped;
use crate::finding::Severity;
use crate::ids::ResourceId;
use crate::plan::Head;
use crate::plan::draught::Nodes;
use crate::plan::graph::{Edges, number};
use crate::step::{Effect, StepId};

/// Why a step is not run.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Hold {
    /// It waits for a step that is held, or is not done, or fills its lane.
    Behind(StepId),
    /// A finding of this code forbids it.
    Blocked(String),
    /// The caller left it out of this run.
    LeftOut,
    /// It is not taken back, since this step stays and needs it.
    NeededBy(StepId),
    /// It is not taken back, since no run of this journal made it.
    NotMade,
    /// It is not taken back, since its service cannot.
    Permanent,
    /// A step of that name met a quota in this run.
    Quota,
    /// It was taken back.
    Reverted,
    /// The run ended before it was its turn.
    Stopped,
    /// It is not taken back, since it was begun and has not ended.
    UnderWay,
    /// It needs the counterpart of this, which nothing makes and nobody mapped.
    Unmet(ResourceId),
    /// It is harder to take back than the caller allowed.
    WantsLeave(Effect),
    /// It is begun only by a run that looks for what a lost journal's may have made, for so long.
    WantsPatience(Duration),
}

impl Hold {
    /// Returns what a person does about it, in a sentence.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Behind(_) => "see to the step that it waits for",
            Self::Blocked(_) => "see the finding's remedy, then plan again",
            Self::LeftOut => "run this again without leaving it out",
            Self::NeededBy(_) => "see to the step that needs it",
            Self::NotMade => "leave it, or take it away by hand",
            Self::Permanent => "take it away by hand, if it must go",
            Self::Quota => "have the quota raised, then run this again",
            Self::Reverted => "plan again from a new survey if it is wanted after all",
            Self::Stopped => "run this again: it goes on where it stopped",
            Self::UnderWay => "apply the plan until it is done, then take it back",
            Self::Unmet(_) => "migrate what it needs too, or map it with `Migration::map` and plan again",
            Self::WantsLeave(Effect::Irreversible) => {
                "if it is wanted, name it with `ApplyOptions::dangerously_allow` and run this again"
            }
            Self::WantsLeave(_) => {
                "if it is wanted, allow it with `ApplyOptions::allow_overwriting` and run this again"
            }
            Self::WantsPatience(_) => {
                "run this again with that much `ApplyOptions::patience`, or with `fresh` if no journal was lost"
            }
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Behind(step) => write!(f, "waits for `{}`", escaped(step.as_str())),
            Self::Blocked(code) => write!(f, "blocked by a finding [{}]", escaped(code)),
            Self::LeftOut => f.write_str("left out by the caller"),
            Self::NeededBy(step) => write!(f, "needed by `{}`, which stays", escaped(step.as_str())),
            Self::NotMade => f.write_str("was there before"),
            Self::Permanent => f.write_str("cannot be taken back"),
            Self::Quota => f.write_str("a step of its kind met a quota"),
            Self::Reverted => f.write_str("was taken back"),
            Self::Stopped => f.write_str("the run ended before its turn"),
            Self::UnderWay => f.write_str("was begun and has not ended"),
            Self::Unmet(id) => {
                write!(f, "needs the counterpart of `{}`, which nothing makes", escaped(&id.to_string()))
            }
            Self::WantsLeave(effect) => write!(f, "is {effect}, and wants leave"),
            Self::WantsPatience(window) => write!(f, "wants a run of at least {} s", window.as_secs()),
        }
    }
}

/// Works out which steps cannot run. `order` has each after those it waits for.
pub(super) fn held(head: &Head, nodes: &Nodes, edges: &Edges, order: &[u32]) -> BTreeMap<StepId, Hold> {
    let interner = nodes.interner();
    let blocked: HashMap<&ResourceId, &str> = blockers(head).filter_map(|(on, code)| Some((on?, code))).collect();
    let all = blockers(head).find(|(on, _)| on.is_none()).map(|(_, code)| code);
    let mut made = vec![false; interner.len()];
    nodes.iter().flat_map(|node| nodes.produces(node)).for_each(|&id| made[id as usize] = true);
    let mut held: BTreeMap<StepId, Hold> = BTreeMap::new();
    for &index in order {
        let node = nodes.get(index);
        let unmapped = |id: &&u32| !head.ids.contains(interner.get(**id));
        let requires = || nodes.requires(node).iter().filter(unmapped);
        let mut about = nodes.produces(node).iter().chain([&node.subject]).chain(requires());
        let blocker = all.or_else(|| about.find_map(|id| blocked.get(interner.get(*id)).copied()));
        let unmet = || requires().find(|id| !made[**id as usize]);
        let behind = || {
            let mut earlier = edges.waits_for(index as usize).map(|at| &nodes.get(number(at)).id);
            earlier.find(|id| held.contains_key(*id))
        };
        let hold = blocker
            .map(|code| Hold::Blocked(code.to_owned()))
            .or_else(|| unmet().map(|id| Hold::Unmet(interner.get(*id).clone())))
            .or_else(|| behind().map(|id| Hold::Behind(id.clone())));
        if let Some(hold) = hold {
            held.insert(node.id.clone(), hold);
        }
    }
    held
}

fn blockers(head: &Head) -> impl Iterator<Item = (Option<&ResourceId>, &str)> {
    let blockers = head.findings.iter().filter(|finding| finding.severity == Severity::Blocker);
    blockers.map(|finding| (finding.subject.as_ref(), finding.code.as_str()))
}
