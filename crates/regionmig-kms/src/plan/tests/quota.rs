//! Quotas and costs.

use regionmig_core::Finding;

use crate::finding::code;
use crate::snapshot::{Alias, Grant, GrantTerms, KeyManager, Snapshot};
use crate::testing::{Case, Entry, TARGET, arn, gap};

fn found(case: &Case, code: &str) -> Vec<Finding> {
    case.plan().findings.into_iter().filter(|finding| finding.code == code).collect()
}

/// Puts so many keys of customers into the target, and one that AWS manages.
fn crowd(target: &mut Snapshot, keys: usize) {
    let key = Entry::new().key;
    for n in 0..keys {
        target.keys.insert(arn(TARGET, &format!("crowd-{n}")), Ok(key.clone()));
    }
    target.keys.insert(arn(TARGET, "managed"), Ok(crate::Key { manager: KeyManager::Aws, ..key }));
}

// REQ: E-25
#[test]
fn more_keys_than_the_default_quota_allows_are_said() {
    let two = || {
        let primary = Entry::new().primary("mrk-1", crate::testing::SOURCE, &[]);
        Case::new().source("k", Entry::new()).source("mrk-1", primary)
    };
    let case = two().edit(|_, target| crowd(target, 99_998));
    assert_eq!(found(&case, code::QUOTA), []);
    let case = case.edit(|_, target| target.keys.insert(arn(TARGET, "one-more"), Ok(Entry::new().key)));
    let said = found(&case, code::QUOTA);
    assert_eq!(said.len(), 1, "{said:?}");
    let text = said[0].to_string();
    let numbers = "customer managed keys: 99999 in the target and 2 more are 100001, and the default quota is 100000";
    assert!(text.contains(numbers) && text.contains("Service Quotas"), "{text}");
    // One that could not be described is a key all the same.
    let primary = Entry::new().primary("mrk-1", crate::testing::SOURCE, &[]);
    let one = Case::new().source("mrk-1", primary).edit(|_, target| crowd(target, 99_999));
    assert_eq!(found(&one, code::QUOTA), []);
    let unread = one.edit(|_, target| target.keys.insert(arn(TARGET, "unread"), Err(gap())));
    let text = found(&unread, code::QUOTA).iter().map(ToString::to_string).collect::<String>();
    assert!(text.contains("100000 in the target, as far as could be read, and 1 more"), "{text}");
    // Where a plan makes none, what is there is nobody's business.
    let none = Case::new().edit(|_, target| crowd(target, 100_001));
    assert_eq!(found(&none, code::QUOTA), []);
}

// REQ: E-25
#[test]
fn more_aliases_and_grants_of_one_key_than_the_default_quota_allows_are_said() {
    let names = |of: &str, many: usize| (0..many).map(|n| format!("alias/{of}/{n}")).collect::<Vec<_>>();
    let named = |of: &str, many: usize| names(of, many).iter().fold(Entry::new(), |key, name| key.alias(name));
    let case = |there: usize| Case::new().source("k", named("a", 20)).target("t", named("b", there).copy_of("k"));
    assert_eq!(found(&case(30), code::QUOTA), []);
    let text = found(&case(31), code::QUOTA).iter().map(ToString::to_string).collect::<String>();
    assert!(text.contains("aliases of one key: 31 in the target and 20 more are 51"), "{text}");
    // One that waits for its material has what it has.
    let waits = Case::new().source("k", named("a", 20).imported());
    let waits = waits.target("t", named("b", 31).imported().empty().copy_of("k"));
    let text = found(&waits, code::QUOTA).iter().map(ToString::to_string).collect::<String>();
    assert!(text.contains("aliases of one key: 31 in the target and 20 more are 51"), "{text}");
    // A key that is made has none yet.
    let made = Case::new().source("k", named("a", 51));
    assert!(
        found(&made, code::QUOTA)[0].to_string().contains("aliases of one key: 0 in the target and 51 more are 51")
    );
    assert_eq!(found(&Case::new().source("k", named("a", 50)), code::QUOTA), []);
    // What could not be read may be more.
    let alias = Alias::new(arn(TARGET, "t"));
    let part = case(30).edit(|_, target| {
        target.aliases.insert("alias/b/more".parse().unwrap(), Ok(alias));
        target.aliases.insert("alias/b/unread".parse().unwrap(), Err(gap()));
    });
    assert!(found(&part, code::QUOTA)[0].to_string().contains("in the target, as far as could be read, and 20 more"));

    let terms = |name: &str| GrantTerms::new(format!("arn:aws:iam::111122223333:role/{name}"), ["Decrypt"]);
    let granted = |there: usize| {
        let case = Case::new().source("k", Entry::new().grant(terms("a")).grant(terms("b")));
        let of = |n: usize| Grant::new(n.to_string(), terms(&n.to_string()));
        case.target("t", Entry { grants: (0..there).map(of).collect(), ..Entry::new() }.copy_of("k"))
    };
    assert_eq!(found(&granted(49_998), code::QUOTA), []);
    let said = found(&granted(49_999), code::QUOTA);
    assert_eq!(said.len(), 1, "{said:?}");
    let text = said[0].to_string();
    assert!(
        text.contains("kms.key-grants:") && text.contains("grants of one key: 49999 in the target and 2 more"),
        "{text}"
    );
}

// REQ: E-42
#[test]
fn what_the_keys_that_are_made_cost_is_said() {
    let keys = |case: Case| {
        let found = Entry::new().copy_of("found");
        case.source("k", Entry::new()).source("l", Entry::new()).source("found", Entry::new()).target("t", found)
    };
    let said = found(&keys(Case::new()), code::MONTHLY_COST);
    assert_eq!(said.len(), 1, "{said:?}");
    let text = said[0].to_string();
    assert!(text.contains("made: 2, about 2 USD a month,") && text.contains("second rotation"), "{text}");
    let primary = Entry::new().primary("mrk-1", crate::testing::SOURCE, &[]);
    let text = found(&Case::new().source("mrk-1", primary), code::MONTHLY_COST)[0].to_string();
    assert!(text.contains("made: 1, about 1 USD a month, replicas"), "{text}");
    // What is charged elsewhere is not in dollars, or not the same.
    for target in ["111122223333/cn-north-1", "111122223333/eusc-de-east-1"] {
        let text = found(&Case::to(target).source("k", Entry::new()), code::MONTHLY_COST)[0].to_string();
        assert!(text.contains("made: 1;") && !text.contains("USD"), "{text}");
    }
    assert_eq!(found(&Case::new(), code::MONTHLY_COST), []);
}
