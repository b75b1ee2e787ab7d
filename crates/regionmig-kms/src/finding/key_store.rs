//! What is found of custom key stores.

use regionmig_core::{Finding, KeyArn};

use crate::finding::code;
use crate::snapshot::Key;

pub(crate) fn missing(key: &KeyArn, store: &str) -> Finding {
    Finding::blocker(
        code::KEY_STORE_NOT_CONNECTED,
        format!("its copy is to be made in the key store {store}, which is not there"),
    )
    .about(key)
    .remedy("name one that is, or create and connect it; then survey again")
}

pub(crate) fn not_connected(key: &KeyArn, store: &str, connection: &str) -> Finding {
    let message = format!("its copy is to be made in the key store {store}, which is {connection}");
    Finding::blocker(code::KEY_STORE_NOT_CONNECTED, message)
        .about(key)
        .remedy("connect it (ConnectCustomKeyStore), which takes some minutes; then survey again")
}

pub(crate) fn of_other_kind(key: &KeyArn, own: &Key, store: &str) -> Finding {
    let message =
        format!("its copy is to be made in the key store {store}, which holds no keys that are {}", own.origin);
    Finding::blocker(code::KEY_STORE_OF_OTHER_KIND, message)
        .about(key)
        .remedy("name one of the same type with `Kms::map_key_store`, then plan again from a new survey")
}

pub(crate) fn external_key_in_use(key: &KeyArn, by: &KeyArn) -> Finding {
    let message =
        format!("the external key that is to stand behind its copy is that of {by}, and can be nobody else's");
    Finding::blocker(code::XKS_KEY_IN_USE, message)
        .about(key)
        .remedy("name another with `Kms::map_xks_key`, then plan again")
}

pub(crate) fn external_key_not_mapped(key: &KeyArn) -> Finding {
    Finding::blocker(
        code::XKS_KEY_NOT_MAPPED,
        "its material stays in an external key manager, and the copy needs a key there",
    )
    .about(key)
    .remedy("name that key with `Kms::map_xks_key`, then plan again")
}

pub(crate) fn not_mapped(key: &KeyArn, store: &str) -> Finding {
    Finding::blocker(
        code::KEY_STORE_NOT_MAPPED,
        format!("it is in the key store {store}, for which none of the target is named"),
    )
    .about(key)
    .remedy("name one with `Kms::map_key_store`, then plan again from a new survey")
}
