//! What is found of keys' material.

use regionmig_core::{Finding, KeyArn, ResourceId, Timestamp};

use crate::finding::code;
use crate::snapshot::{Key, KeySpec, KeyUsage};

pub(crate) fn counterpart_lacks(key: &KeyArn, target: &KeyArn) -> Finding {
    let message = format!("its counterpart {target} waits for imported material, and is of no use until it has that");
    Finding::blocker(code::COUNTERPART_LACKS_MATERIAL, message)
        .about(key)
        .remedy("import it, or map the key to another one; then plan again")
}

pub(crate) fn empty_counterpart(part: ResourceId) -> Finding {
    Finding::blocker(
        code::EMPTY_COUNTERPART,
        "its counterpart has no material yet, and takes none as long as that is so",
    )
    .about(part)
    .remedy("import the material, then plan again")
}

pub(crate) fn expiry_differs(
    key: &KeyArn,
    own: Option<Timestamp>,
    target: &KeyArn,
    there: Option<Timestamp>,
) -> Finding {
    let at = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| format!("at {at}"));
    Finding::action(
        code::EXPIRY_DIFFERS,
        format!("KMS deletes its material {}, that of {target} {}", at(own), at(there)),
    )
    .about(key)
    .remedy("import the same material again with the expiry that it should have")
}

pub(crate) fn expires(key: &KeyArn, at: Timestamp) -> Finding {
    Finding::action(
        code::MATERIAL_EXPIRES,
        format!("KMS deletes its imported material at {at}, and its counterpart's then, too"),
    )
    .about(key)
    .remedy("import it again at both ends before: a key without its material can neither encrypt nor decrypt")
}

pub(crate) fn tied(key: &KeyArn, target: &KeyArn) -> Finding {
    let message = format!("its material was rotated, and {target} takes back only what it was given before");
    Finding::action(code::MATERIAL_TIED, message)
        .about(key)
        .remedy("bring the material that this key had when its counterpart was given it")
}

pub(crate) fn wanted(key: &KeyArn, materials: usize) -> Finding {
    let message = format!("imported materials that must be brought again for its counterpart: {materials}");
    Finding::action(code::MATERIAL_WANTED, message).about(key).remedy(
        "hand it over with `Kms::bring_material`, or import it by hand while the step waits: KMS gives no material back",
    )
}

pub(crate) fn left(key: &KeyArn, materials: usize) -> Finding {
    let message =
        format!("of its imported materials the counterpart gets the current one, of the others none: {materials}");
    Finding::note(code::MATERIALS_LEFT, message)
        .about(key)
        .remedy("nothing: no other key opens what was encrypted under this one, with whichever of them")
}

pub(crate) fn none(key: &KeyArn) -> Finding {
    let message = "it lacks its imported material, which was never imported, was deleted, or has expired";
    Finding::action(code::NO_MATERIAL, message)
        .about(key)
        .remedy("import it if the key is still needed, then plan again from a new survey: its counterpart gets it, too")
}

pub(crate) fn primary_lacks(key: &KeyArn, primary: &KeyArn) -> Finding {
    let message = format!("its primary {primary} lacks its imported material, and KMS replicates none that does");
    Finding::blocker(code::PRIMARY_LACKS_MATERIAL, message)
        .about(key)
        .remedy("import it into the primary, then plan again")
}

pub(crate) fn other(key: &KeyArn, own: &Key, is_imported: bool) -> Finding {
    let (code, what, remedy) = match (&own.usage, &own.spec) {
        (KeyUsage::EncryptDecrypt, KeySpec::SymmetricDefault) if is_imported => (
            code::REENCRYPT,
            "its counterpart is another key, though with the same material: KMS opens what was encrypted under the very key \
             only",
            "decrypt what is needed while the source answers, and encrypt it under the counterpart",
        ),
        (KeyUsage::EncryptDecrypt, KeySpec::SymmetricDefault) => (
            code::REENCRYPT,
            "its counterpart has other material: what was encrypted under it cannot be read there",
            "decrypt what is needed while the source answers, and encrypt it under the counterpart",
        ),
        (KeyUsage::EncryptDecrypt, _) => (
            code::NEW_KEY_PAIR,
            "its counterpart has another key pair: what was encrypted with its public key cannot be read there",
            "decrypt what is needed while the source answers; give the new public key (GetPublicKey) to whoever encrypts \
             outside of KMS",
        ),
        (KeyUsage::SignVerify, _) => (
            code::NEW_KEY_PAIR,
            "its counterpart has another key pair: what that signs does not verify with the old public key",
            "give the new public key (GetPublicKey) to all who verify: JWKS documents, certificates, trust stores, code \
             signing; leave them the old one for what is signed already",
        ),
        (KeyUsage::GenerateVerifyMac, _) => (
            code::NEW_MAC_KEY,
            "its counterpart has other material: codes that the one made do not verify with the other",
            "have codes and tokens verified with the key that made them, until none of the old ones is left",
        ),
        (KeyUsage::KeyAgreement | KeyUsage::EncapsulateDecapsulate, _) => (
            code::NEW_KEY_PAIR,
            "its counterpart has another key pair: it agrees on other secrets",
            "give the new public key (GetPublicKey) to every peer, and agree anew",
        ),
        (KeyUsage::Other(_), _) => (
            code::NEW_KEY_PAIR,
            "its counterpart has other material: what was made with it is of no use there",
            "find out who relies on it, and have that made anew with the counterpart",
        ),
    };
    Finding::action(code, what).about(key).remedy(remedy)
}

/// KMS developer guide, "Importing key material": what imported key pairs and HMAC keys make is bound to no key of KMS.
pub(crate) fn same(key: &KeyArn) -> Finding {
    Finding::note(
        code::SAME_MATERIAL,
        "its counterpart is to have the same imported material: signatures, codes and ciphertext of the one are good for the \
         other",
    )
    .about(key)
    .remedy("import no other: KMS ties a key to the first material that it is given")
}
