//! Aliases.

use regionmig_core::{AliasName, KeyArn, Lookup};

use super::{Base, Before, Planner};
use crate::finding;
use crate::step::{CreateAlias, Step};

impl<'a> Planner<'a> {
    /// Lets the names of a key name its counterpart in the target.
    pub(super) fn aliases(&mut self, arn: &'a KeyArn, base: Base<'_>, before: &mut Before) {
        let names = self.aliases.get(arn).cloned().unwrap_or_default();
        if let Base::Found(target, _) = base {
            let there = self.survey.target.value.aliases.known().filter(|(_, alias)| alias.key == *target);
            let extra: Vec<&str> =
                there.map(|(name, _)| name).filter(|name| !names.contains(name)).map(AliasName::as_str).collect();
            if !extra.is_empty() {
                self.draft.find(finding::extra(arn.into(), target, &extra));
            }
        }
        for name in names {
            match (self.survey.target.value.aliases.lookup(name), base) {
                (Lookup::Unknown(gap), _) => self.draft.unclear(name, gap),
                (Lookup::Present(there), Base::Found(target, _)) if there.key == *target => {
                    self.draft.found(name, name);
                }
                (Lookup::Present(there), _) => self.draft.find(finding::alias_taken(name, &there.key, arn)),
                (Lookup::Absent, _) => {
                    before.aliases.insert(name.clone());
                    self.draft.push(Step::CreateAlias(CreateAlias { key: arn.clone(), name: name.clone() }));
                }
            }
        }
    }
}
