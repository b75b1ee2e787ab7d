//! What a run did, told so that it can be compared with another.

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::IdMap;

use crate::world::World;

/// What was changed, and where.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Deed {
    end: String,
    action: String,
    /// What the world's ledger says was changed: by the name it has in every run, or as what becomes of a source.
    on: String,
}

/// How often what was done.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Done(BTreeMap<Deed, usize>);

/// An action, by where.
pub(crate) type Kind = (String, String);

impl Done {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how often an action was carried out on what has the same name in every run.
    pub(crate) fn on_lasting(&self, (end, action): &Kind, resource: &str) -> usize {
        let deed = Deed { end: end.clone(), action: action.clone(), on: resource.to_owned() };
        self.0.get(&deed).copied().unwrap_or_default()
    }

    /// Returns how often each action was carried out, on whatever.
    pub(crate) fn kinds(&self) -> BTreeMap<Kind, usize> {
        let mut kinds = BTreeMap::new();
        for (deed, count) in &self.0 {
            *kinds.entry((deed.end.clone(), deed.action.clone())).or_default() += count;
        }
        kinds
    }
}

/// The names of what is changed that are the same in every run.
#[derive(Debug, Default)]
pub(crate) struct Naming(BTreeSet<String>);

impl Naming {
    /// Takes for lasting what has the same name in two worlds of which each gives names of its own.
    pub(crate) fn of(world: &World, other: &World) -> Self {
        let resources = |world: &World| -> BTreeSet<String> {
            world.ledger().mutations().filter_map(|entry| entry.resource.clone()).collect()
        };
        Self(resources(world).intersection(&resources(other)).cloned().collect())
    }

    /// Returns whether this is a name that is the same in every run.
    pub(crate) fn lasts(&self, resource: &str) -> bool {
        self.0.contains(resource)
    }

    /// Returns what was done in a world, in which a run has led to `ids`.
    pub(crate) fn done(&self, world: &World, ids: &IdMap) -> Done {
        self.done_but_to(world, ids, &BTreeSet::new())
    }

    /// Returns the same without what was done to `others`.
    pub(crate) fn done_but_to(&self, world: &World, ids: &IdMap, others: &BTreeSet<String>) -> Done {
        let mut sources = BTreeMap::new();
        for (source, target) in ids.iter() {
            sources.entry(target).or_insert(source);
        }
        let mut done = BTreeMap::new();
        let is_other = |resource: &Option<String>| resource.as_ref().is_some_and(|name| others.contains(name));
        for entry in world.ledger().mutations().filter(|entry| !is_other(&entry.resource)) {
            let on = match entry.resource.as_deref() {
                None => "what the service does not name".to_owned(),
                Some(resource) if self.0.contains(resource) => resource.to_owned(),
                Some(resource) => match sources.get(resource) {
                    Some(source) => format!("what {source} becomes"),
                    None => "what no receipt names".to_owned(),
                },
            };
            let deed = Deed { end: entry.end.to_string(), action: entry.action.clone(), on };
            *done.entry(deed).or_default() += 1;
        }
        Done(done)
    }
}

/// How far what was done may differ from what should be.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Actions that may not be repeated; none, if no action may.
    but: Option<BTreeSet<Kind>>,
    /// How often the others may be carried out, where once would be enough.
    most: usize,
}

impl Rule {
    /// Nothing may be done twice.
    pub(crate) fn once() -> Self {
        Self { but: None, most: 1 }
    }

    /// A second request may have been executed, but for these, which would make a second thing.
    pub(crate) fn but_for_repeats(minting: BTreeSet<Kind>) -> Self {
        Self { but: Some(minting), most: 2 }
    }

    /// Lets what may be repeated be carried out so often.
    pub(crate) fn up_to(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Says what is not as it should be.
    pub(crate) fn breaches(&self, done: &Done, expected: &Done) -> String {
        let deeds: BTreeSet<&Deed> = done.0.keys().chain(expected.0.keys()).collect();
        let count = |of: &Done, deed| of.0.get(deed).copied().unwrap_or_default();
        let wrong = deeds.into_iter().filter_map(|deed| {
            let (is, should_be) = (count(done, deed), count(expected, deed));
            let is_repeatable =
                self.but.as_ref().is_some_and(|but| !but.contains(&(deed.end.clone(), deed.action.clone())));
            let most = if is_repeatable { self.most * should_be } else { should_be };
            let Deed { end, action, on } = deed;
            (!(should_be..=most).contains(&is))
                .then(|| format!("{action} at {end} on {on}: {is} times, not {should_be}"))
        });
        wrong.collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use regionmig_core::{End, KeyArn};

    use super::*;
    use crate::invariants::by_hand::{end, key_made, kms};

    fn done(deeds: &[(&str, &str, usize)]) -> Done {
        let deed =
            |action: &str, on: &str| Deed { end: "here".to_owned(), action: action.to_owned(), on: on.to_owned() };
        Done(deeds.iter().map(|(action, on, count)| (deed(action, on), *count)).collect())
    }

    #[test]
    fn as_much_done_to_another_thing_is_not_the_same() {
        let (expected, other) = (done(&[("tag", "a", 1), ("tag", "b", 1)]), done(&[("tag", "a", 2)]));
        assert_eq!(expected.kinds(), other.kinds());
        let wrong = Rule::once().breaches(&other, &expected);
        assert_eq!(wrong, "tag at here on a: 2 times, not 1; tag at here on b: 0 times, not 1");
        assert_eq!(Rule::once().breaches(&expected, &expected), "");
    }

    #[test]
    fn only_what_makes_no_second_thing_may_be_repeated_and_once_at_most() {
        let expected = done(&[("make", "a", 1), ("tag", "a", 1)]);
        let rule = Rule::but_for_repeats(BTreeSet::from([("here".to_owned(), "make".to_owned())]));
        assert_eq!(rule.breaches(&done(&[("make", "a", 1), ("tag", "a", 2)]), &expected), "");
        let thrice = done(&[("make", "a", 1), ("tag", "a", 3)]);
        let up_to = |most| Rule::but_for_repeats(BTreeSet::new()).up_to(most).breaches(&thrice, &expected);
        assert!(up_to(3).is_empty() && !up_to(2).is_empty());
        for wrong in [
            done(&[("make", "a", 2), ("tag", "a", 1)]),
            done(&[("make", "a", 1), ("tag", "a", 3)]),
            done(&[("make", "a", 1)]),
            done(&[("make", "a", 1), ("tag", "a", 1), ("tag", "b", 1)]),
        ] {
            assert_ne!(rule.breaches(&wrong, &expected), "", "{wrong:?}");
        }
    }

    /// Makes a key at `place`, and describes another one twice. Returns the name of the first.
    async fn changed(world: &World, place: &End, other: &KeyArn) -> String {
        let kms = kms(world, place);
        for text in ["one", "two"] {
            let described = kms.update_key_description().key_id(other.id()).description(text).send().await;
            described.expect("it is described");
        }
        key_made(world, place, Vec::new()).await
    }

    #[tokio::test]
    async fn what_has_the_same_name_in_two_worlds_lasts_and_the_rest_is_known_by_its_source() {
        let (world, end) = (World::new(), end("111122223333/me-central-1"));
        let key = world.kms_key(&end);
        let worlds = [1, 2].map(|seed| {
            let fork = world.fork();
            fork.reseed(seed);
            fork
        });
        let made = [changed(&worlds[0], &end, &key).await, changed(&worlds[1], &end, &key).await];
        let naming = Naming::of(&worlds[0], &worlds[1]);
        assert!(naming.lasts(key.as_str()) && !naming.lasts(&made[0]));
        let kind = |action: &str| (end.to_string(), action.to_owned());
        let describes = (kind("kms:UpdateKeyDescription"), 2);
        let unbound = naming.done(&worlds[0], &IdMap::default());
        assert_eq!(unbound.on_lasting(&describes.0, key.as_str()), 2);
        assert_eq!(unbound.on_lasting(&kind("kms:CreateKey"), key.as_str()), 0);
        assert_eq!(unbound.kinds(), BTreeMap::from([describes.clone(), (kind("kms:CreateKey"), 1)]));
        // By its receipt it is the same in both.
        let bound = [0, 1].map(|which| {
            let mut ids = IdMap::default();
            ids.bind_erased((&key).into(), made[which].clone()).expect("bound once");
            naming.done(&worlds[which], &ids)
        });
        assert!(bound[0] == bound[1] && bound[0] != unbound);
        let without = naming.done_but_to(&worlds[0], &IdMap::default(), &BTreeSet::from([made[0].clone()]));
        assert_eq!(without.kinds(), BTreeMap::from([describes]));
    }
}
