//! Custom key stores: clusters of AWS CloudHSM, and external key stores behind a proxy.
//!
//! Clusters and proxies themselves are not in this world: each that is named is there, and answers.

use jiff::Timestamp;
use regionmig_core::End;
use serde_json::{Map, Value, json};

use super::ask::{Ask, seconds};
use super::page;
use super::store::{Family, Kms, after};
use crate::call::Refusal;
use crate::model::invalid;

const CLOUD_HSM: &str = "AWS_CLOUDHSM";
const EXTERNAL: &str = "EXTERNAL_KEY_STORE";

/// How many custom key stores an account may have in a region (developer guide, "Resource quotas").
const PER_REGION: usize = 10;

/// A custom key store.
#[derive(Clone, Debug)]
pub(super) struct KeyStore {
    pub(super) created: Timestamp,
    pub(super) link: Link,
    pub(super) name: String,
    pub(super) place: Place,
}

/// Where the keys of a store are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Cluster {
        id: String,
        anchor: String,
    },
    /// What DescribeCustomKeyStores tells of the proxy.
    Proxy(Map<String, Value>),
}

/// Whether a store is connected, or will be from some moment on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Link {
    Connected(Timestamp),
    Disconnected(Timestamp),
}

impl KeyStore {
    /// Returns the id of its cluster, if it is in one.
    pub(super) fn cluster(&self) -> Option<&str> {
        match &self.place {
            Place::Cluster { id, .. } => Some(id),
            Place::Proxy(_) => None,
        }
    }

    fn kind(&self) -> &'static str {
        match self.place {
            Place::Cluster { .. } => CLOUD_HSM,
            Place::Proxy(_) => EXTERNAL,
        }
    }

    pub(super) fn state(&self, now: Timestamp) -> &'static str {
        match self.link {
            Link::Connected(from) if from <= now => "CONNECTED",
            Link::Connected(_) => "CONNECTING",
            Link::Disconnected(from) if from <= now => "DISCONNECTED",
            Link::Disconnected(_) => "DISCONNECTING",
        }
    }

    fn entry(&self, id: &str, now: Timestamp) -> Value {
        let mut entry = json!({
            "ConnectionState": self.state(now),
            "CreationDate": seconds(self.created),
            "CustomKeyStoreId": id,
            "CustomKeyStoreName": self.name,
            "CustomKeyStoreType": self.kind(),
        });
        match &self.place {
            Place::Cluster { id, anchor } => {
                entry["CloudHsmClusterId"] = json!(id);
                entry["TrustAnchorCertificate"] = json!(anchor);
            }
            Place::Proxy(proxy) => entry["XksProxyConfiguration"] = json!(proxy),
        }
        entry
    }
}

impl Kms {
    /// Returns a custom key store of an account in a region.
    pub(super) fn store(&self, end: &End, id: &str) -> Option<&KeyStore> {
        self.stores.get(end)?.get(id)
    }

    /// Tells whether keys of a family are out of reach because their store is not connected.
    pub(super) fn is_cut_off(&self, end: &End, family: &Family, now: Timestamp) -> bool {
        let store = family.store.as_ref().and_then(|id| self.store(end, id));
        store.is_some_and(|store| store.state(now) != "CONNECTED")
    }
}

/// Refuses a new key that a custom key store cannot take.
pub(super) fn takes_key(ask: &Ask<'_, '_>, id: &str, origin: &str, xks_key: Option<&str>) -> Result<(), Refusal> {
    let end = &ask.call.end;
    let store = ask.state.store(end, id).ok_or_else(|| missing(id))?;
    if store.kind() != origin {
        let message = format!("Origin {origin} is not valid for the custom key store {id}.");
        return Err(Refusal::new("UnsupportedOperationException").message(message));
    }
    is_in(id, store, ask.cx.now, &["CONNECTED"])?;
    match (origin, xks_key) {
        (EXTERNAL, None) => Err(invalid(format!("You must specify an XksKeyId for the origin {origin}."))),
        (CLOUD_HSM, Some(_)) => Err(invalid(format!("XksKeyId is not valid for the origin {origin}."))),
        (_, Some(key))
            if ask.state.keys_of_store(end, id, ask.cx.now).any(|family| family.xks_key.as_deref() == Some(key)) =>
        {
            Err(Refusal::new("XksKeyAlreadyInUseException").message(format!("{key} is the key of another KMS key.")))
        }
        _ => Ok(()),
    }
}

pub(super) fn create(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let (end, now) = (ask.call.end.clone(), ask.cx.now);
    let name = ask.text("CustomKeyStoreName").unwrap_or_default();
    is_free(ask, name)?;
    let place = match ask.text("CustomKeyStoreType").unwrap_or(CLOUD_HSM) {
        CLOUD_HSM => cluster(ask)?,
        _ => Place::Proxy(proxy(ask)?),
    };
    if ask.state.stores.get(&end).map_or(0, std::collections::BTreeMap::len)
        >= ask.quota("kms:custom-key-stores", PER_REGION)
    {
        return Err(
            Refusal::new("LimitExceededException").message("Too many custom key stores in this account and region")
        );
    }
    let id = format!("cks-{}", ask.cx.ids.hex(17));
    let store = KeyStore { created: now, link: Link::Disconnected(now), name: name.to_owned(), place };
    ask.state.stores.entry(end).or_default().insert(id.clone(), store);
    ask.cx.touched(id.as_str());
    Ok(json!({ "CustomKeyStoreId": id }))
}

/// Answers DescribeCustomKeyStores, by id.
pub(super) fn describe(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let window = page::window(ask, 1000, 1000)?;
    let (id, name) = (ask.text("CustomKeyStoreId"), ask.text("CustomKeyStoreName"));
    if id.is_some() && name.is_some() {
        return Err(invalid("You can specify either CustomKeyStoreId or CustomKeyStoreName, but not both."));
    }
    let all = ask.state.stores.get(&ask.call.end).into_iter().flatten();
    let found: Vec<_> = all
        .filter(|(held, store)| id.is_none_or(|id| id == *held) && name.is_none_or(|name| name == store.name))
        .map(|(id, store)| (id.clone(), store.entry(id, ask.cx.now)))
        .collect();
    match id.or(name).filter(|_| found.is_empty()) {
        Some(which) => Err(missing(which)),
        None => Ok(page::answer(ask, &window, "CustomKeyStores", found.into_iter())),
    }
}

pub(super) fn connect(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    change(ask, &["CONNECTED", "CONNECTING", "DISCONNECTED"], |store, now, length| {
        if matches!(store.link, Link::Disconnected(_)) {
            store.link = Link::Connected(after(now, length));
        }
    })
}

pub(super) fn disconnect(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    change(ask, &["CONNECTED", "CONNECTING"], |store, now, length| {
        store.link = Link::Disconnected(after(now, length));
    })
}

pub(super) fn update(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let id = ask.text("CustomKeyStoreId").unwrap_or_default();
    let store = ask.state.store(&ask.call.end, id).ok_or_else(|| missing(id))?.clone();
    let renamed = ask.text("NewCustomKeyStoreName").filter(|name| *name != store.name);
    if let Some(name) = renamed {
        is_free(ask, name)?;
    }
    let place = match store.place {
        Place::Cluster { id, anchor } => match ask.text("CloudHsmClusterId") {
            Some(other) => Place::Cluster { id: other.to_owned(), anchor },
            None => Place::Cluster { id, anchor },
        },
        Place::Proxy(mut proxy) => {
            proxy.extend(described(ask));
            Place::Proxy(proxy)
        }
    };
    let name = renamed.map_or(store.name, str::to_owned);
    change(ask, &["DISCONNECTED"], |store, _, _| (store.name, store.place) = (name, place))
}

pub(super) fn delete(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let (end, id) = (ask.call.end.clone(), ask.text("CustomKeyStoreId").unwrap_or_default());
    change(ask, &["DISCONNECTED"], |_, _, _| {})?;
    if ask.state.keys_of_store(&end, id, ask.cx.now).next().is_some() {
        return Err(Refusal::new("CustomKeyStoreHasCMKsException").message(format!("{id} holds KMS keys.")));
    }
    if let Some(stores) = ask.state.stores.get_mut(&end) {
        stores.remove(id);
    }
    Ok(json!({}))
}

/// Refuses what names a custom key store that is not there, or is not connected.
pub(super) fn is_connected(ask: &Ask<'_, '_>, id: &str) -> Result<(), Refusal> {
    let store = ask.state.store(&ask.call.end, id).ok_or_else(|| missing(id))?;
    is_in(id, store, ask.cx.now, &["CONNECTED"])
}

impl Kms {
    fn keys_of_store<'k>(&'k self, end: &'k End, store: &'k str, now: Timestamp) -> impl Iterator<Item = &'k Family> {
        let families = self.present(end, now).filter_map(|(name, _)| self.family(&name));
        families.filter(move |family| family.store.as_deref() == Some(store))
    }
}

/// Changes the store of a request, which must be in one of `states`.
fn change(
    ask: &mut Ask<'_, '_>,
    states: &[&str],
    change: impl FnOnce(&mut KeyStore, Timestamp, jiff::SignedDuration),
) -> Result<Value, Refusal> {
    let (end, now, length) = (&ask.call.end, ask.cx.now, ask.state.timing.connection);
    let id = ask.text("CustomKeyStoreId").unwrap_or_default();
    let store = ask.state.stores.get_mut(end).and_then(|stores| stores.get_mut(id)).ok_or_else(|| missing(id))?;
    is_in(id, store, now, states)?;
    change(store, now, length);
    ask.cx.touched(id);
    Ok(json!({}))
}

fn is_in(id: &str, store: &KeyStore, now: Timestamp, states: &[&str]) -> Result<(), Refusal> {
    let state = store.state(now);
    match states.contains(&state) {
        true => Ok(()),
        false => Err(Refusal::new("CustomKeyStoreInvalidStateException").message(format!("{id} is {state}."))),
    }
}

fn is_free(ask: &Ask<'_, '_>, name: &str) -> Result<(), Refusal> {
    let mut all = ask.state.stores.get(&ask.call.end).into_iter().flat_map(|stores| stores.values());
    match all.any(|store| store.name == name) {
        true => Err(Refusal::new("CustomKeyStoreNameInUseException").message(format!("{name} is in use."))),
        false => Ok(()),
    }
}

/// Reads the cluster of a new store. One cluster backs one store only.
fn cluster(ask: &Ask<'_, '_>) -> Result<Place, Refusal> {
    let wanted = ["CloudHsmClusterId", "KeyStorePassword", "TrustAnchorCertificate"].map(|member| ask.text(member));
    let [Some(id), Some(_), Some(anchor)] = wanted else {
        return Err(invalid(
            "You must specify CloudHsmClusterId, KeyStorePassword and TrustAnchorCertificate for an AWS CloudHSM key store.",
        ));
    };
    let mut all = ask.state.stores.get(&ask.call.end).into_iter().flat_map(|stores| stores.values());
    match all.any(|store| store.cluster() == Some(id)) {
        true => Err(Refusal::new("CloudHsmClusterInUseException").message(format!("{id} is in use."))),
        false => Ok(Place::Cluster { id: id.to_owned(), anchor: anchor.to_owned() }),
    }
}

/// Reads the proxy of a new store.
fn proxy(ask: &Ask<'_, '_>) -> Result<Map<String, Value>, Refusal> {
    let proxy = described(ask);
    let has_all = ["AccessKeyId", "Connectivity", "UriEndpoint", "UriPath"].iter().all(|it| proxy.contains_key(*it));
    let is_private = proxy.get("Connectivity").and_then(Value::as_str) == Some("VPC_ENDPOINT_SERVICE");
    if !has_all || is_private != proxy.contains_key("VpcEndpointServiceName") {
        return Err(invalid(
            "You must specify XksProxyConnectivity, XksProxyUriEndpoint, XksProxyUriPath and \
             XksProxyAuthenticationCredential for an external key store, and XksProxyVpcEndpointServiceName if that is \
             how its proxy is reached.",
        ));
    }
    let uri = |proxy: &Map<String, Value>| (proxy.get("UriEndpoint").cloned(), proxy.get("UriPath").cloned());
    let mut others = ask.state.stores.get(&ask.call.end).into_iter().flat_map(|stores| stores.values());
    let is_used = others.any(|store| matches!(&store.place, Place::Proxy(other) if uri(other) == uri(&proxy)));
    match is_used {
        true => Err(Refusal::new("XksProxyUriInUseException").message("Another external key store has this proxy.")),
        false => Ok(proxy),
    }
}

/// Returns what a request says of a proxy, under the names of an answer; its secret is not kept.
fn described(ask: &Ask<'_, '_>) -> Map<String, Value> {
    let mut proxy = Map::new();
    for (member, name) in [
        ("XksProxyConnectivity", "Connectivity"),
        ("XksProxyUriEndpoint", "UriEndpoint"),
        ("XksProxyUriPath", "UriPath"),
        ("XksProxyVpcEndpointServiceName", "VpcEndpointServiceName"),
        ("XksProxyVpcEndpointServiceOwner", "VpcEndpointServiceOwner"),
    ] {
        if let Some(value) = ask.text(member) {
            proxy.insert(name.to_owned(), json!(value));
        }
    }
    if let Some(id) = ask.map("XksProxyAuthenticationCredential").and_then(|credential| credential.get("AccessKeyId")) {
        proxy.insert("AccessKeyId".to_owned(), id.clone());
    }
    proxy
}

fn missing(id: &str) -> Refusal {
    Refusal::new("CustomKeyStoreNotFoundException").message(format!("Custom key store {id} is not found."))
}
