//! Custom key stores that are there before a test begins.

use jiff::Timestamp;
use regionmig_core::End;
use serde_json::{Map, json};

use super::super::key_store::{KeyStore, Link, Place};
use super::super::store::Kms;
use crate::world::World;

/// A custom key store that a test wants to be there.
///
/// ```
/// # use regionmig_testkit::World;
/// # use regionmig_core::End;
/// let world = World::new();
/// let end: End = "111122223333/eu-central-1".parse()?;
/// let store = world.kms_store(&end).name("our cluster").disconnected().make();
/// let key = world.kms(&end).origin("AWS_CLOUDHSM").custom_key_store(&store).make();
/// assert_eq!(world.kms_keys(&end)[0].state, "Unavailable");
/// # Ok::<(), regionmig_core::NameError>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is there before `make`"]
pub struct KeyStoreSeed {
    world: World,
    end: End,
    id: Option<String>,
    is_connected: bool,
    is_external: bool,
    name: Option<String>,
}

impl KeyStoreSeed {
    /// Leaves it disconnected: its keys are unavailable.
    pub fn disconnected(self) -> Self {
        Self { is_connected: false, ..self }
    }

    /// Makes it an external key store, behind a proxy; in a cluster of AWS CloudHSM, unless set.
    pub fn external(self) -> Self {
        Self { is_external: true, ..self }
    }

    /// Sets the id, such as `cks-1234567890abcdef0`.
    pub fn id(self, id: &str) -> Self {
        Self { id: Some(id.to_owned()), ..self }
    }

    /// Sets the name; one made from the id, unless set.
    pub fn name(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// Makes the store and returns its id.
    pub fn make(self) -> String {
        let now = self.world.clock().now();
        let origin = if self.is_external { "EXTERNAL_KEY_STORE" } else { "AWS_CLOUDHSM" };
        self.world.with_kms(|kms, ids| {
            let id = self.id.clone().unwrap_or_else(|| format!("cks-{}", ids.hex(17)));
            kms.seed_store(&self.end, &id, origin, now);
            if let Some(store) = kms.stores.get_mut(&self.end).and_then(|stores| stores.get_mut(&id)) {
                store.link = if self.is_connected { Link::Connected(now) } else { Link::Disconnected(now) };
                store.name = self.name.clone().unwrap_or_else(|| store.name.clone());
            }
            id
        })
    }
}

impl Kms {
    /// Makes a custom key store that is connected, unless it is there already.
    pub(super) fn seed_store(&mut self, end: &End, id: &str, origin: &str, now: Timestamp) {
        let letters: String =
            id.chars().filter(char::is_ascii_alphanumeric).map(|c| if c.is_ascii_digit() { 'd' } else { c }).collect();
        let place = match origin {
            "EXTERNAL_KEY_STORE" => Place::Proxy(Map::from_iter([
                ("AccessKeyId".to_owned(), json!("ABCDE234567234EXAMPLE")),
                ("Connectivity".to_owned(), json!("PUBLIC_ENDPOINT")),
                ("UriEndpoint".to_owned(), json!(format!("https://{id}.xks.example.com"))),
                ("UriPath".to_owned(), json!("/kms/xks/v1")),
            ])),
            _ => Place::Cluster {
                id: format!("cluster-{:.11}", format!("{letters:z<11}")),
                anchor: "-----BEGIN CERTIFICATE-----".to_owned(),
            },
        };
        let store = KeyStore { created: now, link: Link::Connected(now), name: format!("store {id}"), place };
        self.stores.entry(end.clone()).or_default().entry(id.to_owned()).or_insert(store);
    }
}

impl World {
    /// Begins a custom key store at `end`, connected and in a cluster of AWS CloudHSM, unless set otherwise.
    pub fn kms_store(&self, end: &End) -> KeyStoreSeed {
        let (world, end) = (self.clone(), end.clone());
        KeyStoreSeed { world, end, id: None, is_connected: true, is_external: false, name: None }
    }
}
