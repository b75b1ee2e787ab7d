//! Ciphertexts of KMS through the stream, and what KMS answers: for this bench, and for that against boto3 (`benches/peers`).

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::sdk_config::Builder;
use futures::{StreamExt, stream};
use regionmig_aws::Access;
use regionmig_core::KeyArn;
use regionmig_core::reencrypt::{Ciphertext, EncryptionContext, Reencrypt};
use regionmig_kms::Kms;

pub(crate) const OLD: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
pub(crate) const NEW: &str = "arn:aws:kms:us-west-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321";
/// So many are under way at once.
pub(crate) const AT_ONCE: usize = 16;

/// A configuration that only lacks whom it talks to.
pub(crate) fn config() -> Builder {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "made up", None, None, "bench");
    let provider = SharedCredentialsProvider::new(credentials);
    SdkConfig::builder().credentials_provider(provider).region(Region::new("us-east-1"))
}

/// Returns access that is not held back: the quotas of these two regions are beyond what one processor can do.
pub(crate) fn access(config: &SdkConfig) -> Access {
    Access::new(config).with_share(1.0)
}

pub(crate) fn item() -> Ciphertext {
    Ciphertext::new(vec![7; 184], EncryptionContext::from([("table", "users"), ("id", "12")]))
}

/// Returns what KMS answers, by the request's `x-amz-target`.
pub(crate) fn answer(target: Option<&str>) -> String {
    match target {
        Some("TrentService.Decrypt") => format!(
            r#"{{"EncryptionAlgorithm":"SYMMETRIC_DEFAULT","KeyId":"{OLD}","Plaintext":"bWFkZSB1cCBieSB0aGUgYmVuY2g="}}"#
        ),
        _ => {
            let blob = "A".repeat(244);
            format!(r#"{{"CiphertextBlob":"{blob}","EncryptionAlgorithm":"SYMMETRIC_DEFAULT","KeyId":"{NEW}"}}"#)
        }
    }
}

/// This project's side.
pub(crate) struct Ours {
    kms: Kms,
    old: KeyArn,
    new: KeyArn,
}

impl Ours {
    pub(crate) fn new(access: &Access) -> Self {
        Self { kms: Kms::new(access), old: OLD.parse().unwrap(), new: NEW.parse().unwrap() }
    }

    /// Re-encrypts so many.
    pub(crate) async fn reencrypted(&self, count: usize) {
        let reencrypt = Reencrypt::new(self.kms.decryptor(&self.old), self.kms.encryptor(&self.new));
        let items = stream::iter((0..count).map(|number| (number, item())));
        let done = reencrypt.items(items, AT_ONCE).map(|(_, result)| result.unwrap()).count().await;
        assert_eq!(done, count);
    }
}
