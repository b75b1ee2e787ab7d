//! Keys, and where the official vectors are.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use regionmig_core::Secret;
use regionmig_core::reencrypt::message::{Keyrings, RawAesKeyring, RawRsaKeyring, RsaPadding};
use serde_json::Value;

/// Finds a folder of the official vectors: where `REGIONMIG_TESTDATA` says, else beside the workspace.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    let root = std::env::var_os("REGIONMIG_TESTDATA").map_or_else(beside, PathBuf::from);
    let folder = root.join("esdk-vectors").join(name);
    folder.is_dir().then_some(folder)
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Reads what a manifest names: `file://` and a path from the manifest's own folder on.
pub(crate) fn file(folder: &Path, uri: &Value) -> Vec<u8> {
    fs::read(folder.join(uri.as_str().unwrap().strip_prefix("file://").unwrap())).unwrap()
}

pub(crate) fn decoded(text: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(text.as_str().unwrap()).unwrap()
}

/// Returns what a PEM file holds.
fn pem(text: &Value) -> Vec<u8> {
    let lines: String = text.as_str().unwrap().lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64_STANDARD.decode(lines).unwrap()
}

/// A key of a manifest, as a keyring: nothing, if it is of another kind.
pub(crate) fn raw(keys: &Value, description: &Value) -> Option<Keyrings> {
    let text = |name: &str| description[name].as_str().unwrap_or_default();
    if text("type") != "raw" {
        return None;
    }
    let key = &keys["keys"][text("key")];
    let (provider, name) = (text("provider-id"), key["key-id"].as_str().unwrap());
    if text("encryption-algorithm") == "aes" {
        let material = Secret::new(decoded(&key["material"]));
        return Some(Keyrings::new(RawAesKeyring::new(provider, name, &material).unwrap()));
    }
    let padding = match (text("padding-algorithm"), text("padding-hash")) {
        ("pkcs1", _) => RsaPadding::Pkcs1,
        (_, "sha1") => RsaPadding::OaepSha1,
        (_, "sha256") => RsaPadding::OaepSha256,
        (_, "sha384") => RsaPadding::OaepSha384,
        (_, "sha512") => RsaPadding::OaepSha512,
        other => panic!("{other:?}"),
    };
    let material = pem(&key["material"]);
    Some(Keyrings::new(match key["type"].as_str() {
        Some("private") => RawRsaKeyring::new(provider, name, padding, &Secret::new(material)).unwrap(),
        _ => RawRsaKeyring::for_encryption(provider, name, padding, &material).unwrap(),
    }))
}

/// A key of our own.
pub(crate) fn own(name: &str, byte: u8) -> RawAesKeyring {
    RawAesKeyring::new("regionmig-tests", name, &Secret::new(vec![byte; 32])).unwrap()
}
