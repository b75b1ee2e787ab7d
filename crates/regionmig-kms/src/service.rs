//! The service.

use std::sync::Arc;

use aws_sdk_kms::Client;
use regionmig_aws::{Access, Clients, Error};
use regionmig_core::reencrypt::{Ciphertext, Decrypt, Encrypt, EncryptionContext};
use regionmig_core::{KeyArn, Permission, Secret, Service, Side};

use crate::options::Options;
use crate::snapshot::Snapshot;
use crate::step::{NAME, Step};

/// What IAM may ask for besides what steps declare: the call, and the further actions, all in the target.
///
/// The service authorization reference names them as dependent actions of the call; its page in the API reference does
/// not. The role is made once an account, with its first multi-Region key.
pub const IMPLIED: &[(&str, &[&str])] = &[
    ("kms:CreateKey", &["iam:CreateServiceLinkedRole", "kms:PutKeyPolicy"]),
    ("kms:ReplicateKey", &["iam:CreateServiceLinkedRole", "kms:PutKeyPolicy"]),
];

/// Multi-Region keys, of whichever region.
const RELATED: &str = "arn:*:kms:*:*:key/mrk-*";

/// What [`Kms::prove_use`] encrypts, and in which context.
const PROOF: &[u8] = b"regionmig proves that this key can be used";
const PROOF_CONTEXT: (&str, &str) = ("regionmig", "proof");

/// KMS: keys with their policies, tags, grants, rotation and state, and aliases. Cheap to clone.
///
/// ```
/// use regionmig_aws::Access;
/// use regionmig_core::{Migration, Route};
/// use regionmig_kms::Kms;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let config = aws_types::SdkConfig::builder().build();
/// let access = Access::new(&config);
/// let route = Route::new("111122223333/me-central-1".parse()?, "111122223333/eu-central-1".parse()?)?;
/// let kms = Kms::new(&access).as_multi_region();
/// let migration = Migration::new(route, &access).with(kms.clone());
/// # let _ = migration; Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Kms {
    clients: Clients<Client>,
    tagging: Clients<aws_sdk_resourcegroupstagging::Client>,
    options: Arc<Options>,
}

impl Kms {
    /// Moves all keys and aliases of an account.
    pub fn new(access: &Access) -> Self {
        let tagging = access.clients(aws_sdk_resourcegroupstagging::Client::new);
        Self { clients: access.clients(Client::new), tagging, options: Arc::default() }
    }

    /// Encrypts a short text under `key`, a symmetric encryption key, decrypts it and compares: proof that it can be used.
    ///
    /// Not part of the verification, since for a new key it is its first use, after which `GetKeyLastUsage` does not say
    /// any more that nothing can be encrypted under it. Needs `kms:Encrypt` and `kms:Decrypt`.
    ///
    /// # Errors
    ///
    /// Fails if the key cannot be used so, or gives another text back.
    // REQ: KMS-14
    pub async fn prove_use(&self, key: &KeyArn) -> Result<(), Error> {
        let (used, text) = (self.encryptor(key), Secret::new(PROOF.to_vec()));
        let context = EncryptionContext::from([PROOF_CONTEXT]);
        let encrypted = used.encrypt(&text, &context).await?;
        let decrypted = used.decrypt(&Ciphertext::new(encrypted.bytes, context)).await?;
        match decrypted.plaintext.expose() == text.expose() {
            true => Ok(()),
            false => Err(Error::unexpected("kms:Decrypt", format!("what {key} decrypted is not what it encrypted"))),
        }
    }

    pub(crate) fn clients(&self) -> &Clients<Client> {
        &self.clients
    }

    pub(crate) fn tagging(&self) -> &Clients<aws_sdk_resourcegroupstagging::Client> {
        &self.tagging
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn set(&mut self, set: impl FnOnce(&mut Options)) {
        set(Arc::make_mut(&mut self.options));
    }
}

impl Service for Kms {
    type Snapshot = Snapshot;
    type Step = Step;
    type Error = Error;

    fn name(&self) -> &str {
        NAME
    }

    fn permissions(&self) -> Vec<Permission> {
        const READS: [&str; 8] = [
            "kms:DescribeKey",
            "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus",
            "kms:ListAliases",
            "kms:ListGrants",
            "kms:ListKeyRotations",
            "kms:ListKeys",
            "kms:ListResourceTags",
        ];
        let both = [Side::Source, Side::Target].into_iter();
        let both = both.flat_map(|side| READS.map(|action| Permission::new(side, action, "*")));
        // A replica's primary is read where it is: in which region, the account tells.
        let all = both.chain([Permission::new(Side::Source, "kms:DescribeKey", RELATED)]);
        let stores = Permission::new(Side::Target, "kms:DescribeCustomKeyStores", "*");
        let tagged = Permission::new(Side::Target, "tag:GetResources", "*");
        let last_use = Permission::new(Side::Source, "kms:GetKeyLastUsage", "*");
        let asked = [
            self.options.has_key_stores().then_some(stores),
            self.options.tagging_api.then_some(tagged),
            self.options.asks_last_use().then_some(last_use),
        ];
        all.chain(asked.into_iter().flatten()).collect()
    }
}
