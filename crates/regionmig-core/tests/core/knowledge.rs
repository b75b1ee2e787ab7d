//! What was not read is never an absence.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use regionmig_core::{ErrorKind, Gap, Item, Listing, Lookup, Pairing, Snapshot, Timestamp, snapshot};
use serde::{Deserialize, Serialize};

use crate::common::{at, failed};

type Things = Listing<u8, u8>;

fn gap(operation: &str) -> Gap {
    Gap::new(operation, &failed(ErrorKind::Unavailable))
}

/// Listings over few keys, so that two of them have some in common; the last part says whether it
/// broke off.
fn listings() -> impl Strategy<Value = (BTreeMap<u8, Option<u8>>, bool)> {
    let value = prop_oneof![2 => (0..3_u8).prop_map(Some), 1 => Just(None)];
    (proptest::collection::btree_map(0..6_u8, value, 0..6), any::<bool>())
}

fn listing((items, whole): &(BTreeMap<u8, Option<u8>>, bool)) -> Things {
    let read = |(key, value): (&u8, &Option<u8>)| (*key, value.ok_or_else(|| gap("fake:Describe")));
    let listing: Things = items.iter().map(read).collect();
    if *whole { listing } else { listing.truncated(gap("fake:List")) }
}

fn known(listing: &Things) -> BTreeMap<u8, u8> {
    listing.known().map(|(key, value)| (*key, *value)).collect()
}

fn stale(listing: &Things) -> BTreeMap<String, Timestamp> {
    listing.stale().into_iter().map(|stale| (stale.what, stale.at)).collect()
}

proptest! {
    #[test]
    fn a_lookup_finds_what_was_read_and_nothing_is_absent_that_may_be_there(of in listings(), key in 0..8_u8) {
        let things = listing(&of);
        match (things.lookup(&key), of.0.get(&key)) {
            (Lookup::Present(value), Some(Some(read))) => prop_assert_eq!(value, read),
            (Lookup::Unknown(gap), Some(None)) => prop_assert_eq!(&gap.operation, "fake:Describe"),
            (Lookup::Unknown(gap), None) => prop_assert!(!of.1 && gap.operation == "fake:List"),
            (Lookup::Absent, None) => prop_assert!(of.1),
            (found, read) => prop_assert!(false, "{found:?} of {read:?}"),
        }
        prop_assert_eq!(things.known_as(&key), things.known().find(|(known, _)| **known == key));
    }

    #[test]
    fn nothing_is_missing_that_may_be_there(source in listings(), target in listings()) {
        let (here, there) = (listing(&source), listing(&target));
        let mut seen = BTreeSet::new();
        for pairing in here.against(&there) {
            match pairing {
                Pairing::Both(key, value, other) => {
                    prop_assert_eq!((source.0[key], target.0[key]), (Some(*value), Some(*other)));
                    seen.insert(*key);
                }
                Pairing::Missing(key, value) => {
                    prop_assert!(target.1 && !target.0.contains_key(key) && source.0[key] == Some(*value));
                    seen.insert(*key);
                }
                Pairing::Unclear(key, _) => {
                    let unread = source.0[key].is_none() || target.0.get(key) == Some(&None);
                    prop_assert!(unread || (!target.1 && !target.0.contains_key(key)));
                    seen.insert(*key);
                }
            }
        }
        prop_assert_eq!(seen, source.0.keys().copied().collect::<BTreeSet<_>>(), "each thing of the source once");
    }

    #[test]
    fn a_group_is_absent_only_if_every_thing_was_read(of in listings(), wanted in 0..4_u8) {
        let things = listing(&of);
        let groups = things.group_by(|_, value| (*value > 0).then_some(*value));
        let members: Vec<u8> = known(&things).iter().filter(|(_, v)| **v == wanted).map(|(k, _)| *k).collect();
        let unread = !of.1 || of.0.values().any(Option::is_none);
        match groups.lookup(&wanted) {
            Lookup::Present(found) => {
                prop_assert_eq!(found.iter().map(|(key, _)| **key).collect::<Vec<_>>(), members);
                prop_assert!(wanted > 0);
            }
            Lookup::Absent => prop_assert!(!unread && (members.is_empty() || wanted == 0)),
            Lookup::Unknown(_) => prop_assert!(unread && (members.is_empty() || wanted == 0)),
        }
    }

    #[test]
    fn filling_knows_what_the_later_knows_and_forgets_only_what_is_gone(own in listings(), later in listings()) {
        let mut filled = listing(&own);
        filled.fill(listing(&later));
        let (before, after) = (known(&listing(&own)), known(&listing(&later)));
        let now = known(&filled);
        for (key, value) in &after {
            prop_assert_eq!(now.get(key), Some(value), "the later is right");
        }
        for (key, value) in &before {
            let gone = later.1 && !later.0.contains_key(key);
            prop_assert_eq!(now.get(key), after.get(key).or_else(|| (!gone).then_some(value)));
        }
        prop_assert_eq!(filled.rest().is_none(), own.1 || later.1);
        for key in now.keys().chain(filled.unknown().map(|(key, _)| key)) {
            prop_assert!(later.0.contains_key(key) || (!later.1 && own.0.contains_key(key)));
        }
        let unread = |key: &u8| own.0.get(key) == Some(&None) || later.0.get(key) == Some(&None);
        prop_assert!(filled.unknown().all(|(key, _)| unread(key) && !before.contains_key(key)));
    }

    #[test]
    fn backfilling_overrides_nothing_and_adds_to_no_whole_listing(own in listings(), earlier in listings()) {
        let mut filled = listing(&own);
        filled.backfill(listing(&earlier), at(5));
        let (mine, older) = (known(&listing(&own)), known(&listing(&earlier)));
        let now = known(&filled);
        prop_assert!(mine.iter().all(|(key, value)| now.get(key) == Some(value)), "what is known stays");
        let dated = stale(&filled);
        for (key, value) in &now {
            if !mine.contains_key(key) {
                prop_assert_eq!(older.get(key), Some(value));
                prop_assert_eq!(dated.get(&key.to_string()), Some(&at(5)));
                prop_assert!(own.0.get(key) == Some(&None) || !own.1, "it may be gone");
            }
        }
        for (key, _) in older {
            let wanted = own.0.get(&key) == Some(&None) || (!own.1 && !own.0.contains_key(&key));
            prop_assert!(!wanted || now.contains_key(&key), "and all that may be there is taken over");
        }
        prop_assert_eq!(dated.len() + mine.len(), now.len());
        prop_assert_eq!(filled.rest().is_none(), own.1, "what an old one did not have may be there now");
    }

    #[test]
    fn a_stored_listing_reads_back(of in listings(), earlier in listings()) {
        let mut things = listing(&of);
        things.backfill(listing(&earlier), at(5));
        let stored = serde_json::to_string(&things).unwrap();
        prop_assert_eq!(serde_json::from_str::<Things>(&stored).unwrap(), things);
    }
}

#[test]
fn what_was_stale_stays_as_old_as_it_is() {
    let mut first = Things::unread(gap("fake:List"));
    first.backfill([(1, Ok(7))].into_iter().collect(), at(5));
    let mut second = Things::unread(gap("fake:List"));
    second.backfill(first.clone(), at(99));
    assert_eq!(stale(&second), [("1".to_owned(), at(5))].into());
    second.fill([(1, Err(gap("fake:Describe")))].into_iter().collect());
    assert_eq!(known(&second), [(1, 7)].into(), "not forgotten for a later failure");
    second.fill([(1, Ok(8))].into_iter().collect());
    assert!(stale(&second).is_empty() && known(&second) == [(1, 8)].into());
    let mut third = Things::unread(gap("fake:List"));
    third.backfill([(1, Ok(9))].into_iter().collect(), at(7));
    third.backfill([(1, Ok(10))].into_iter().collect(), at(6));
    assert_eq!(known(&third), [(1, 9)].into(), "nor overridden by something older");
}

#[test]
fn a_person_answers_for_there_being_nothing_else() {
    let mut things: Things = [(1, Ok(7)), (2, Err(gap("fake:Describe")))].into_iter().collect();
    things = things.truncated(gap("fake:List"));
    assert_eq!(things.gaps().map(|gap| gap.operation.as_str()).collect::<Vec<_>>(), ["fake:Describe", "fake:List"]);
    assert_eq!(Snapshot::gaps(&things).len(), 2);
    things.presume_complete("they are the auditors'");
    assert!(matches!(things.lookup(&2), Lookup::Absent));
    assert!(matches!(things.lookup(&1), Lookup::Present(7)));
    assert!(things.gaps().next().is_none());
    assert_eq!(things.presumed(), ["they are the auditors'"]);
    assert_eq!(things.presumed_others().collect::<Vec<_>>(), [&2]);
    assert_eq!(things.group_by(|_, value| Some(*value)).rest(), None);
    let stored = serde_json::to_string(&things).unwrap();
    assert_eq!(stored, r#"{"items":[[1,{"known":7}]],"presumed":"they are the auditors'","others":[2]}"#);
    assert_eq!(serde_json::from_str::<Things>(&stored).unwrap(), things);
}

#[test]
fn a_key_need_not_be_a_text() {
    let key = |n| (format!("name{n}"), n);
    let mut pairs: Listing<(String, u32), Vec<u8>> = Listing::unread(gap("fake:List"));
    pairs.insert(key(1), Ok(vec![1]));
    pairs.insert(key(2), Err(gap("fake:Describe")));
    let stored = serde_json::to_string(&pairs).unwrap();
    assert!(stored.starts_with(r#"{"items":[[["name1",1],{"known":[1]}],[["name2",2],{"unknown":{"operation":"#));
    assert_eq!(serde_json::from_str::<Listing<(String, u32), Vec<u8>>>(&stored).unwrap(), pairs);
    let mut later = Listing::unread(gap("fake:List"));
    later.backfill(pairs, at(1));
    assert_eq!(later.stale()[0].what, r#"["name1",1]"#);
    assert_eq!(serde_json::to_string(&Item::Stale(1, at(1))).unwrap(), r#"{"stale":[1,"2026-03-01T12:00:01Z"]}"#);
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Inner {
    users: Things,
}
snapshot!(Inner { users });

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Outer {
    pools: Listing<String, u8>,
    inner: Inner,
}
snapshot!(Outer { pools, inner });

#[test]
fn a_snapshot_is_all_that_its_members_are() {
    let unread = Outer::unread(&gap("inventory"));
    assert_eq!(unread.gaps().len(), 2);
    let full = Outer {
        pools: [("a".to_owned(), Ok(1))].into_iter().collect(),
        inner: Inner { users: [(1, Ok(7))].into_iter().collect() },
    };
    let mut old = unread.clone();
    old.backfill(full.clone(), at(5));
    assert_eq!(old.stale().iter().map(|stale| stale.what.as_str()).collect::<Vec<_>>(), ["a", "1"]);
    assert!(old.stale().iter().all(|stale| stale.at == at(5)) && old.gaps().len() == 2);
    let mut filled = unread.clone();
    filled.fill(full.clone());
    assert_eq!(filled, full);
    assert!(filled.gaps().is_empty() && filled.presumed().is_empty());
    filled.pools.presume_complete("one");
    filled.inner.users.presume_complete("two");
    assert_eq!(filled.presumed(), ["one", "two"]);
}

#[test]
fn a_gap_names_its_operation_once() {
    assert_eq!(gap("fake:List").to_string(), "fake:List: the fake said unavailable");
    let mut named = gap("the fake");
    assert_eq!(named.to_string(), "the fake said unavailable");
    named.operation = "fake:Other".to_owned();
    assert_eq!(named.to_string(), "fake:Other: the fake said unavailable");
}
