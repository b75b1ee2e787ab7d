//! An account full of secrets, and a program that works with them.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::provider::ProvideCredentials;
use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{
    CustomKeyStoreType, DataKeySpec, XksProxyAuthenticationCredentialType, XksProxyConnectivityType,
};
use aws_types::SdkConfig;
use regionmig_aws::Access;
use regionmig_core::{ApplyOptions, BoxError, KeyArn, Migration, Route, Secret};
use regionmig_kms::{AliasConflict, ImportMaterial, KeyMaterialSource, KeyMaterials, Kms, WrappingKey};
use regionmig_testkit::{GrantSeed, KeySeed, World};

use crate::secrets::Canaries;
use crate::wire::listened;

pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/mover";

pub(crate) fn route() -> Route {
    let end = |text: &str| text.parse().expect("an end");
    Route::new(end("111122223333/me-central-1"), end("111122223333/eu-central-1")).expect("two ends")
}

/// Bytes that are nowhere else.
pub(crate) fn secret(number: usize) -> [u8; 32] {
    digest(&SHA256, format!("canary {number}").as_bytes()).as_ref().try_into().expect("32 bytes")
}

/// Keys with material that was imported, of every kind; and keys without, that have grants and names.
pub(crate) fn account(keys: usize, canaries: &Canaries) -> World {
    let (world, Route { source, target, .. }) = (World::new(), route());
    let old = |key: KeySeed| key.created_at("2025-01-01T00:00:00Z".parse().expect("a time"));
    let material = |number: usize| {
        canaries.plant("imported material", &secret(number));
        secret(number)
    };
    for number in 0..keys {
        let key =
            old(world.kms(&source)).imported_material(&material(number)).alias(&format!("alias/brought-{number}"));
        let key = key.grant(GrantSeed::to("arn:aws:iam::111122223333:role/payer").operations(["Decrypt"]));
        match number % 4 {
            0 => key.disabled().make(),
            1 => key.multi_region().make(),
            2 => key.multi_region().older_material(&material(1000 + number)).make(),
            _ => key.description("brought").make(),
        };
    }
    let hmac = old(world.kms(&source)).spec("HMAC_256").usage("GENERATE_VERIFY_MAC");
    hmac.imported_material(&material(2000)).make();
    for name in ["alias/own", "alias/taken"] {
        let key = old(world.kms(&source)).alias(name).rotation(180);
        key.grant(GrantSeed::to("arn:aws:iam::111122223333:role/app").operations(["Encrypt"])).make();
    }
    old(world.kms(&target)).alias("alias/taken").make();
    world
}

/// A session's configuration, whose secrets are planted.
pub(crate) async fn session(world: &World, name: &str, canaries: &Canaries) -> SdkConfig {
    let config = world.sdk_config_as(ROLE, name).expect("a session");
    let provider = config.credentials_provider().expect("credentials");
    let credentials = provider.provide_credentials().await.expect("credentials");
    canaries.plant("secret access key", credentials.secret_access_key().as_bytes());
    canaries.plant("session token", credentials.session_token().expect("a token").as_bytes());
    listened(&config, canaries)
}

/// Returns what the owner of the account has of the materials that were imported there.
pub(crate) fn materials(world: &World) -> KeyMaterials {
    let keys = world.kms_keys(&route().source).into_iter().filter(|key| key.origin == "EXTERNAL");
    keys.fold(KeyMaterials::new(), |all, key| {
        world.kms_materials(&key.arn).into_iter().fold(all, |all, (id, bytes)| {
            let all = if id == key.material { all.with(&key.arn, Secret::new(bytes.clone())) } else { all };
            all.with_id(&key.arn, id, Secret::new(bytes))
        })
    })
}

pub(crate) fn migration(access: &Access, materials: impl KeyMaterialSource + 'static) -> (Kms, Migration) {
    let kms = Kms::new(access).bring_material(materials).on_alias_conflict(AliasConflict::Repoint);
    (kms.clone(), Migration::new(route(), access).with(kms))
}

pub(crate) fn options() -> ApplyOptions {
    ApplyOptions::default().allow_overwriting().patience(Duration::from_secs(3 * 3600))
}

/// Works with the account through the same clients as the migration: makes key stores, encrypts, and has keys granted.
pub(crate) async fn works(access: &Access, key: &KeyArn) {
    let client = access.clients(Client::new).writer(&route().source);
    for number in 0..3 {
        makes_key_stores(&client, number).await;
        let plaintext = Blob::new(secret(3000 + number));
        let sealed = client.encrypt().key_id(key.as_str()).plaintext(plaintext).send().await.expect("a ciphertext");
        let blob = sealed.ciphertext_blob.expect("a ciphertext");
        client.decrypt().key_id(key.as_str()).ciphertext_blob(blob).send().await.expect("its plaintext");
        let data_key = client.generate_data_key().key_id(key.as_str()).key_spec(DataKeySpec::Aes256);
        data_key.send().await.expect("a data key");
    }
}

/// Asks for one key store of each kind. What becomes of it does not matter here: its secrets have been sent.
async fn makes_key_stores(client: &Client, number: usize) {
    let named = client.create_custom_key_store().custom_key_store_name(format!("hsm-{number}"));
    let cluster = named.cloud_hsm_cluster_id(format!("cluster-abcdefghij{number}"));
    let password = format!("Pass{number}Word{}", number * 7919 + 1_000_003);
    drop(cluster.key_store_password(password).trust_anchor_certificate("-----BEGIN CERTIFICATE-----").send().await);
    let credential = XksProxyAuthenticationCredentialType::builder().access_key_id("ABCDE234567EXAMPLE22");
    let credential = credential.raw_secret_access_key(format!("{number}QzRkNfWk3xJmTbLpVs7hGdYcUa9oEiXw5rKqZt2n00"));
    let named = client.create_custom_key_store().custom_key_store_name(format!("proxy-{number}"));
    let proxy = named.custom_key_store_type(CustomKeyStoreType::ExternalKeyStore);
    let proxy = proxy.xks_proxy_connectivity(XksProxyConnectivityType::PublicEndpoint);
    let proxy = proxy.xks_proxy_uri_endpoint(format!("https://xks{number}.example.com"));
    let credential = credential.build().expect("both");
    drop(proxy.xks_proxy_uri_path("/kms/xks/v1").xks_proxy_authentication_credential(credential).send().await);
}

/// Panics where it holds the secret in its hands.
pub(crate) struct Clumsy(pub(crate) Secret<Vec<u8>>);

impl fmt::Debug for Clumsy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clumsy")
    }
}

#[async_trait]
impl KeyMaterialSource for Clumsy {
    async fn has(&self, _: &ImportMaterial) -> Result<bool, BoxError> {
        Ok(true)
    }

    async fn encrypt(&self, _: &ImportMaterial, with: &WrappingKey) -> Result<Vec<u8>, BoxError> {
        let _wrapped = with.encrypt(&self.0)?;
        panic!("{self:?} fell, and {with:?} with it");
    }
}
