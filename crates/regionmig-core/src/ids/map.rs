//! The map from source to target.
// REQ: E-10

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity, code};
use crate::ids::binding::{Binding, Part, Template, json_escaped, says_more};
use crate::ids::{Identifier, ResourceId};

/// What each source identifier has become in the target, across all services.
///
/// Configuration-sized. A million users' pairs go to the [`Archive`](crate::Archive).
///
/// ```
/// # use regionmig_core::{Binding, IdMap, KeyArn};
/// let source: KeyArn = "arn:aws:kms:me-central-1:111122223333:key/1".parse()?;
/// let target: KeyArn = "arn:aws:kms:eu-central-1:111122223333:key/2".parse()?;
/// let mut ids = IdMap::default();
/// ids.bind(&source, &target)?;
/// assert_eq!(ids.resolve(&Binding::target_of(&source))?, target);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct IdMap(BTreeMap<ResourceId, Arc<str>>);

impl IdMap {
    /// Records that `source` is `target` in the target region.
    ///
    /// # Errors
    ///
    /// Fails if `source` was already bound to something else.
    pub fn bind<I: Identifier>(&mut self, source: &I, target: &I) -> Result<(), RebindError> {
        self.bind_erased(ResourceId::of(source), target.to_string())
    }

    /// Records the same of identifiers whose types are erased.
    ///
    /// # Errors
    ///
    /// Fails if `source` was already bound to something else.
    pub fn bind_erased(&mut self, source: ResourceId, target: impl AsRef<str>) -> Result<(), RebindError> {
        let target = target.as_ref();
        match self.0.get(&source) {
            Some(bound) if **bound != *target => {
                Err(RebindError { source_id: source, bound: bound.to_string(), refused: target.to_owned() })
            }
            Some(_) => Ok(()),
            None => {
                self.0.insert(source, target.into());
                Ok(())
            }
        }
    }

    /// Adds every binding of `other`, or none.
    ///
    /// # Errors
    ///
    /// Fails on the first source that is bound to two targets.
    pub fn merge(&mut self, other: &Self) -> Result<(), RebindError> {
        if other.0.len() > 1 {
            self.admits(other)?;
        }
        other.0.iter().try_for_each(|(source, target)| match self.0.entry(source.clone()) {
            Entry::Occupied(bound) if bound.get() != target => {
                let (bound, refused) = (bound.get().to_string(), target.to_string());
                Err(RebindError { source_id: source.clone(), bound, refused })
            }
            Entry::Occupied(_) => Ok(()),
            Entry::Vacant(free) => {
                free.insert(Arc::clone(target));
                Ok(())
            }
        })
    }

    /// Returns the way back, what each target was in the source, and a finding for each target
    /// that several sources share: which of them is meant, the caller must say.
    pub fn reversed(&self) -> (Self, Vec<Finding>) {
        let (mut back, mut shared) = (Self::default(), Vec::new());
        for (source, target) in &self.0 {
            let there = ResourceId::new(source.kind(), target);
            if let Err(error) = back.bind_erased(there.clone(), source.id()) {
                let finding = Finding::new(Severity::Blocker, code::AMBIGUOUS, error.to_string()).about(there);
                shared.push(finding.remedy("say with `Migration::map` which of them it goes back to"));
            }
        }
        shared.iter().filter_map(|finding| finding.subject.as_ref()).for_each(|id| back.forget(id));
        (back, shared)
    }

    /// Returns the part of this map that is about `sources`.
    #[must_use]
    pub fn subset<'a>(&self, sources: impl IntoIterator<Item = &'a ResourceId>) -> Self {
        sources.into_iter().filter_map(|source| self.pair(source)).collect()
    }

    /// Returns whether `source` has been mapped.
    pub fn contains(&self, source: &ResourceId) -> bool {
        self.0.contains_key(source)
    }

    /// Returns whether nothing has been mapped.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns every source that has been mapped, in order.
    pub fn sources(&self) -> impl Iterator<Item = &ResourceId> {
        self.0.keys()
    }

    /// Returns every pair, in order, with its types erased.
    pub fn iter(&self) -> impl Iterator<Item = (&ResourceId, &str)> {
        self.0.iter().map(|(source, target)| (source, &**target))
    }

    /// Returns every pair of one kind, in order.
    pub fn pairs<I: Identifier>(&self) -> impl Iterator<Item = (I, I)> {
        self.0.iter().filter_map(|(source, target)| Some((source.typed()?, target.parse().ok()?)))
    }

    /// Returns what `source` has become, if that is known and is an `I`.
    pub fn target_of<I: Identifier>(&self, source: &I) -> Option<I> {
        self.0.get(&ResourceId::of(source)).and_then(|target| target.parse().ok())
    }

    /// Turns a [`Binding`] into an identifier valid in the target.
    ///
    /// # Errors
    ///
    /// Fails if nothing has mapped the source yet, or what it was mapped to does not parse.
    pub fn resolve<I: Identifier>(&self, binding: &Binding<I>) -> Result<I, UnresolvedError> {
        match binding {
            Binding::Known(id) => Ok(id.clone()),
            Binding::TargetOf(source) => {
                self.target_of(source).ok_or_else(|| UnresolvedError { source_id: ResourceId::of(source) })
            }
        }
    }

    /// Fills the holes of `template`.
    ///
    /// # Errors
    ///
    /// Fails if nothing has mapped one of them yet, or, in a JSON document, if what one became would be read as a pattern for
    /// others, too.
    pub fn fill(&self, template: &Template) -> Result<String, UnresolvedError> {
        let target = |id: &ResourceId| self.0.get(id).ok_or_else(|| UnresolvedError { source_id: id.clone() });
        let part = |part: &Part| match part {
            Part::Text(text) => Ok(text.clone()),
            Part::TargetOf(id) => Ok(target(id)?.to_string()),
            Part::JsonTargetOf(id) => match target(id)? {
                target if says_more(target) => Err(UnresolvedError { source_id: id.clone() }),
                target => Ok(json_escaped(target).into_owned()),
            },
        };
        template.0.iter().map(part).collect()
    }

    /// Adds what of `other` contradicts nothing, and returns the rest as findings.
    pub(crate) fn learn(&mut self, other: &Self) -> Vec<Finding> {
        let clash = |(source, target): (&ResourceId, &Arc<str>)| {
            let error = self.bind_erased(source.clone(), target).err()?;
            let finding = Finding::new(Severity::Blocker, code::AMBIGUOUS, error.to_string()).about(source.clone());
            Some(finding.remedy("say with `Migration::map` which is meant, or remove one of them"))
        };
        other.0.iter().filter_map(clash).collect()
    }

    /// Returns every pair, in order, as it is kept.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&ResourceId, &Arc<str>)> {
        self.0.iter()
    }

    /// Returns what is said of `source`.
    pub(crate) fn pair(&self, source: &ResourceId) -> Option<(ResourceId, Arc<str>)> {
        self.0.get_key_value(source).map(|(source, target)| (source.clone(), Arc::clone(target)))
    }

    /// Says what `source` has become, whatever was said of it before.
    pub(crate) fn insert(&mut self, source: ResourceId, target: Arc<str>) {
        self.0.insert(source, target);
    }

    /// Removes what is said of `source`.
    pub(crate) fn forget(&mut self, source: &ResourceId) {
        self.0.remove(source);
    }

    /// Says whether [`merge`](Self::merge) would succeed.
    pub(crate) fn admits(&self, other: &Self) -> Result<(), RebindError> {
        let clash = other.0.iter().find_map(|(source, target)| match self.0.get(source) {
            Some(bound) if bound != target => Some((source, bound, target)),
            _ => None,
        });
        match clash {
            Some((source, bound, target)) => {
                Err(RebindError { source_id: source.clone(), bound: bound.to_string(), refused: target.to_string() })
            }
            None => Ok(()),
        }
    }
}

impl FromIterator<(ResourceId, Arc<str>)> for IdMap {
    fn from_iter<I: IntoIterator<Item = (ResourceId, Arc<str>)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// One source was mapped to two targets.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{source_id}` is already mapped to `{bound}`, not `{refused}`")]
#[non_exhaustive]
pub struct RebindError {
    /// The source in question.
    pub source_id: ResourceId,
    /// What it was mapped to first.
    pub bound: String,
    /// What it was then mapped to.
    pub refused: String,
}

/// A binding was used before the step that makes it had run.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{source_id}` has no counterpart in the target yet, or the step did not say that it needs it")]
#[non_exhaustive]
pub struct UnresolvedError {
    /// The source in question.
    pub source_id: ResourceId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AliasName, KeyArn};

    type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

    fn key(n: u8) -> std::result::Result<KeyArn, crate::NameError> {
        format!("arn:aws:kms:eu-central-1:111122223333:key/{n}").parse()
    }

    #[test]
    fn a_source_is_bound_once() -> Result {
        let mut ids = IdMap::default();
        assert!(ids.is_empty());
        ids.bind(&key(1)?, &key(2)?)?;
        ids.bind(&key(1)?, &key(2)?)?;
        assert!(!ids.is_empty());
        let refused = ids.bind(&key(1)?, &key(3)?);
        assert!(refused.is_err_and(|error| error.bound.ends_with("/2") && error.refused.ends_with("/3")));
        let mut other = IdMap::default();
        other.bind(&key(1)?, &key(3)?)?;
        assert!(ids.merge(&other).is_err());
        assert!(ids.admits(&other).is_err());
        assert!(ids.admits(&ids.clone()).is_ok());
        Ok(())
    }

    #[test]
    fn a_template_is_filled_only_when_all_is_mapped() -> Result {
        let template = Template::default().text("allow ").target_of(&key(1)?).text("!");
        let mut ids = IdMap::default();
        assert!(ids.fill(&template).is_err_and(|error| Some(&error.source_id) == template.requires().next()));
        ids.bind(&key(1)?, &key(2)?)?;
        assert_eq!(ids.fill(&template)?, format!("allow {}!", key(2)?));
        Ok(())
    }

    #[test]
    fn what_fills_a_document_cannot_change_what_it_says() -> Result {
        let hole = ResourceId::new("some.thing", "a");
        let template = Template::default().text("x").target(hole.clone());
        let filled = |target: &str| {
            let ids = IdMap::from_iter([(hole.clone(), Arc::from(target))]);
            (ids.fill(&template).ok(), ids.fill(&Template::default().append_json(&template)).ok())
        };
        assert_eq!(filled("1"), (Some("x1".to_owned()), Some("\"x1\"".to_owned())));
        assert_eq!(filled("\",\"*"), (Some("x\",\"*".to_owned()), None));
        assert_eq!(filled("\",\"b").1.as_deref(), Some(r#""x\",\"b""#));
        assert_eq!(filled("a\nb c").1.as_deref(), Some(r#""xa\nb c""#));
        assert_eq!(filled("${aws:username}").1, None);
        Ok(())
    }

    #[test]
    fn a_template_is_stored_as_a_text_if_it_is_one() -> Result {
        let whole = Template::default().text("a").text("b");
        assert_eq!((serde_json::to_value(&whole)?, whole.known()), ("ab".into(), Some("ab")));
        assert_eq!(Template::default().known(), Some(""));
        let holed = whole.clone().target_of(&key(1)?).text("c");
        assert_eq!((holed.known(), holed.to_string()), (None, format!("ab{{kms.key:{}}}c", key(1)?)));
        for template in [whole, holed, Template::default(), Template::from("")] {
            let stored = serde_json::to_string(&template)?;
            assert_eq!(serde_json::from_str::<Template>(&stored)?, template);
        }
        Ok(())
    }

    #[test]
    fn the_way_back_leaves_out_what_two_sources_share() -> Result {
        let mut ids = IdMap::default();
        ids.bind(&key(1)?, &key(9)?)?;
        ids.bind(&key(2)?, &key(9)?)?;
        ids.bind(&key(3)?, &key(8)?)?;
        let (back, shared) = ids.reversed();
        assert_eq!(back.target_of(&key(8)?), Some(key(3)?));
        assert_eq!(back.target_of(&key(9)?), None);
        assert_eq!(shared.len(), 1);
        Ok(())
    }

    #[test]
    fn pairs_are_of_one_kind() -> Result {
        let mut ids = IdMap::default();
        ids.bind(&key(1)?, &key(2)?)?;
        let alias: AliasName = "alias/a".parse()?;
        ids.bind(&alias, &alias)?;
        assert_eq!(ids.pairs::<KeyArn>().collect::<Vec<_>>(), [(key(1)?, key(2)?)]);
        assert_eq!(ids.subset([&ResourceId::of(&alias)]).pairs::<AliasName>().count(), 1);
        assert_eq!(ids.iter().count(), 2);
        assert_eq!(ids.sources().count(), 2);
        Ok(())
    }

    #[test]
    fn what_contradicts_is_a_finding_about_its_source() -> Result {
        let (mut ids, mut other) = (IdMap::default(), IdMap::default());
        ids.bind(&key(1)?, &key(2)?)?;
        other.bind(&key(1)?, &key(3)?)?;
        other.bind(&key(4)?, &key(5)?)?;
        let findings = ids.learn(&other);
        assert_eq!(
            findings.iter().map(|finding| finding.subject.clone()).collect::<Vec<_>>(),
            [Some((&key(1)?).into())]
        );
        assert_eq!(ids.target_of(&key(4)?), Some(key(5)?));
        ids.forget(&(&key(4)?).into());
        assert_eq!(ids.target_of(&key(4)?), None);
        Ok(())
    }
}
