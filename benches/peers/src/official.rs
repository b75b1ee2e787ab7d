//! The official crate.

use std::collections::HashMap;
use std::time::Duration;

use aws_esdk::Client;
use aws_esdk::material_providers::client::Client as Providers;
use aws_esdk::material_providers::types::cryptographic_materials_manager::CryptographicMaterialsManagerRef as Manager;
use aws_esdk::material_providers::types::keyring::KeyringRef;
use aws_esdk::material_providers::types::material_providers_config::MaterialProvidersConfig;
use aws_esdk::material_providers::types::{AesWrappingAlg, EsdkAlgorithmSuiteId, EsdkCommitmentPolicy, PaddingScheme};
use aws_esdk::types::aws_encryption_sdk_config::AwsEncryptionSdkConfig;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::PrivateDecryptingKey;
use aws_smithy_types::Blob;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use regionmig_core::reencrypt::EncryptionContext;
use regionmig_core::reencrypt::message::{Header, Limits, RsaPadding, Suite};
use tokio::runtime::Runtime;

use crate::cases::{Content, Key, Keys, PROVIDER};
use crate::exchange::Peer;
use crate::measure::time_of;
use crate::ours::{CONTEXT, KEY, NAME};

/// Its name for each suite, by number.
const SUITES: [EsdkAlgorithmSuiteId; 11] = [
    EsdkAlgorithmSuiteId::AlgAes128GcmIv12Tag16NoKdf,
    EsdkAlgorithmSuiteId::AlgAes192GcmIv12Tag16NoKdf,
    EsdkAlgorithmSuiteId::AlgAes256GcmIv12Tag16NoKdf,
    EsdkAlgorithmSuiteId::AlgAes128GcmIv12Tag16HkdfSha256,
    EsdkAlgorithmSuiteId::AlgAes192GcmIv12Tag16HkdfSha256,
    EsdkAlgorithmSuiteId::AlgAes256GcmIv12Tag16HkdfSha256,
    EsdkAlgorithmSuiteId::AlgAes128GcmIv12Tag16HkdfSha256EcdsaP256,
    EsdkAlgorithmSuiteId::AlgAes192GcmIv12Tag16HkdfSha384EcdsaP384,
    EsdkAlgorithmSuiteId::AlgAes256GcmIv12Tag16HkdfSha384EcdsaP384,
    EsdkAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKey,
    EsdkAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKeyEcdsaP384,
];
const PUBLIC_KEY: &str = "aws-crypto-public-key";

pub(crate) struct Official {
    /// Writes suites that commit, and reads all.
    committing: Client,
    /// Writes the others.
    others: Client,
    providers: Providers,
    /// For what is timed.
    keyring: KeyringRef,
}

impl Official {
    pub(crate) async fn new() -> Self {
        let client = |policy| {
            Client::from_conf(AwsEncryptionSdkConfig::builder().commitment_policy(policy).build().unwrap()).unwrap()
        };
        let providers = Providers::from_conf(MaterialProvidersConfig::builder().build().unwrap()).unwrap();
        let key = Key { name: NAME.into(), material: KEY.to_vec(), padding: None };
        Self {
            committing: client(EsdkCommitmentPolicy::RequireEncryptAllowDecrypt),
            others: client(EsdkCommitmentPolicy::ForbidEncryptAllowDecrypt),
            keyring: keyring_of(&providers, &key).await,
            providers,
        }
    }

    /// Decrypts a message and encrypts what it held.
    pub(crate) async fn reencrypted(&self, message: &[u8], suite: Suite) -> Vec<u8> {
        self.reencrypted_blob(Blob::new(message), suite).await.into_inner()
    }

    /// How long it takes to re-encrypt a message, by the message.
    pub(crate) fn time(&self, runtime: &Runtime, message: &[u8], suite: Suite, often: u32) -> Duration {
        // It takes messages for its own, so they are made before.
        let mut messages: Vec<Blob> = (0..often).map(|_| Blob::new(message)).collect();
        let all = || {
            let one = |message| runtime.block_on(self.reencrypted_blob(message, suite)).as_ref().len();
            messages.drain(..).map(one).sum::<usize>()
        };
        time_of(all) / often
    }

    async fn reencrypted_blob(&self, message: Blob, suite: Suite) -> Blob {
        let opened = self.committing.decrypt().ciphertext(message).keyring(self.keyring.clone()).send().await.unwrap();
        let written = self.committing.encrypt().plaintext(opened.plaintext.unwrap()).keyring(self.keyring.clone());
        let context = EncryptionContext::from(CONTEXT);
        let written = written.encryption_context(map(&context)).algorithm_suite_id(named(suite)).frame_length(4096);
        written.send().await.unwrap().ciphertext.unwrap()
    }

    /// The first makes the data key.
    async fn keyring(&self, keys: &[Key]) -> KeyringRef {
        let mut made = Vec::new();
        for key in keys {
            made.push(keyring_of(&self.providers, key).await);
        }
        let first = made.remove(0);
        if made.is_empty() {
            return first;
        }
        self.providers.create_multi_keyring().generator(first).child_keyrings(made).send().await.unwrap()
    }

    /// Holds those pairs back.
    async fn manager(&self, keys: &[Key], withheld: &EncryptionContext) -> Manager {
        let default = self.providers.create_default_cryptographic_materials_manager();
        let default = default.keyring(self.keyring(keys).await).send().await.unwrap();
        if withheld.is_empty() {
            return default;
        }
        let names: Vec<String> = withheld.iter().map(|(name, _)| name.to_owned()).collect();
        let required = self.providers.create_required_encryption_context_cmm().underlying_cmm(default);
        required.required_encryption_context_keys(names).send().await.unwrap()
    }
}

impl Peer for Official {
    async fn write(&mut self, content: &Content, keys: &Keys) -> Result<Vec<u8>, String> {
        let client = if content.suite.is_committing() { &self.committing } else { &self.others };
        let mut context = map(&content.stored);
        context.extend(map(&content.withheld));
        let manager = self.manager(&keys.writer, &content.withheld).await;
        let written = client.encrypt().plaintext(content.plaintext.clone()).materials_manager(manager);
        let written = written.encryption_context(context).algorithm_suite_id(named(content.suite));
        let written = written.frame_length(i64::from(content.frame_length)).send().await;
        Ok(written.map_err(|error| format!("{error:?}"))?.ciphertext.unwrap().into_inner())
    }

    async fn read(&mut self, message: &[u8], content: &Content, keys: &Keys) -> Result<(), String> {
        let manager = self.manager(&keys.reader, &content.withheld).await;
        let opened = self.committing.decrypt().ciphertext(message.to_vec()).materials_manager(manager);
        let opened = opened.encryption_context(map(&content.withheld)).send().await;
        let opened = opened.map_err(|error| format!("{error:?}"))?;
        let mut context = opened.encryption_context.unwrap_or_default();
        context.remove(PUBLIC_KEY);
        // Which pairs are stored it does not say, but the header does.
        let header = Header::read(message, &Limits::default()).map_err(|error| format!("{error:?}"))?;
        let mut stored = header.context().clone();
        stored.remove(PUBLIC_KEY);
        let mut whole = map(&content.stored);
        whole.extend(map(&content.withheld));
        let found = (opened.algorithm_suite_id, context, stored);
        let wanted = (Some(named(content.suite)), whole, content.stored.clone());
        if found != wanted {
            return Err(format!("{found:?} instead of {wanted:?}"));
        }
        let is_same = opened.plaintext.unwrap().as_ref() == content.plaintext;
        if is_same { Ok(()) } else { Err("another text".into()) }
    }
}

async fn keyring_of(providers: &Providers, key: &Key) -> KeyringRef {
    let Some(padding) = key.padding else {
        let wrapping = match key.material.len() {
            16 => AesWrappingAlg::AlgAes128GcmIv12Tag16,
            24 => AesWrappingAlg::AlgAes192GcmIv12Tag16,
            _ => AesWrappingAlg::AlgAes256GcmIv12Tag16,
        };
        let made = providers.create_raw_aes_keyring().key_namespace(PROVIDER).key_name(&key.name);
        return made.wrapping_key(key.material.clone()).wrapping_alg(wrapping).send().await.unwrap();
    };
    let padding = match padding {
        RsaPadding::OaepSha1 => PaddingScheme::OaepSha1Mgf1,
        RsaPadding::OaepSha256 => PaddingScheme::OaepSha256Mgf1,
        RsaPadding::OaepSha384 => PaddingScheme::OaepSha384Mgf1,
        RsaPadding::OaepSha512 => PaddingScheme::OaepSha512Mgf1,
        _ => PaddingScheme::Pkcs1,
    };
    let public = PrivateDecryptingKey::from_pkcs8(&key.material).unwrap().public_key();
    let public: PublicKeyX509Der<'_> = public.as_der().unwrap();
    let made = providers.create_raw_rsa_keyring().key_namespace(PROVIDER).key_name(&key.name).padding_scheme(padding);
    let made = made.public_key(pem("PUBLIC KEY", public.as_ref())).private_key(pem("PRIVATE KEY", &key.material));
    made.send().await.unwrap()
}

fn named(suite: Suite) -> EsdkAlgorithmSuiteId {
    SUITES[Suite::ALL.iter().position(|other| *other == suite).unwrap()]
}

fn map(context: &EncryptionContext) -> HashMap<String, String> {
    context.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")).into_bytes()
}
