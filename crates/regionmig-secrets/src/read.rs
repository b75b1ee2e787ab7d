//! What is read of Secrets Manager, in this crate's own types.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::ReplicationStatusType;
use regionmig_aws::{Error, pages, timestamp};
use regionmig_core::{End, Gap, Region, SecretArn};
use zeroize::Zeroizing;

use crate::service::Secrets;
use crate::snapshot::{Replica, Rotation, Secret};

/// The value of one version. It is wiped when dropped; what the SDK holds of it is beyond reach.
pub(crate) enum Value {
    Binary(Zeroizing<Vec<u8>>),
    Text(Zeroizing<String>),
}

impl Value {
    /// Returns whether two are one. Of equal length, each byte is compared, so that the time tells nothing of where they differ.
    pub(crate) fn is_equal(&self, other: &Self) -> bool {
        let (one, other) = match (self, other) {
            (Self::Binary(one), Self::Binary(other)) => (one.as_slice(), other.as_slice()),
            (Self::Text(one), Self::Text(other)) => (one.as_bytes(), other.as_bytes()),
            _ => return false,
        };
        one.len() == other.len() && one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    }
}

impl Secrets {
    /// Describes a secret, named by name or ARN.
    pub(crate) async fn describe(&self, end: &End, secret: &str) -> Result<(SecretArn, Secret), Error> {
        const ACTION: &str = "secretsmanager:DescribeSecret";
        let send = |client: aws_sdk_secretsmanager::Client| client.describe_secret().secret_id(secret).send();
        let answer = self.clients().read(end, ACTION, send).await?;
        secret_of(&answer).map_err(|error| error.by(ACTION).at(end))
    }

    /// Reads a secret's resource policy; none, if it has none.
    pub(crate) async fn policy(&self, end: &End, secret: &SecretArn) -> Result<Option<String>, Error> {
        let send =
            |client: aws_sdk_secretsmanager::Client| client.get_resource_policy().secret_id(secret.as_str()).send();
        let answer = self.clients().read(end, "secretsmanager:GetResourcePolicy", send).await?;
        Ok(answer.resource_policy.filter(|policy| !policy.is_empty()))
    }

    /// Lists the ARNs of all secrets, those to be deleted included, and says whether there may be more.
    pub(crate) async fn list(&self, end: &End) -> (BTreeSet<SecretArn>, Option<Gap>) {
        const ACTION: &str = "secretsmanager:ListSecrets";
        let send = |token: Option<String>| {
            self.clients().read(end, ACTION, move |client| {
                client.list_secrets().include_planned_deletion(true).max_results(100).set_next_token(token).send()
            })
        };
        let mut secrets = BTreeSet::new();
        let read = pages(ACTION, send, |page| page.next_token.clone()).each(|page| {
            for entry in page.secret_list() {
                secrets.insert(entry.arn().unwrap_or_default().parse::<SecretArn>()?);
            }
            Ok(())
        });
        let gap = read.await.err();
        (secrets, gap)
    }

    /// Reads the value of one version into memory that is wiped.
    pub(crate) async fn value(&self, end: &End, secret: &SecretArn, version: &str) -> Result<Value, Error> {
        const ACTION: &str = "secretsmanager:GetSecretValue";
        let send = |client: aws_sdk_secretsmanager::Client| {
            client.get_secret_value().secret_id(secret.as_str()).version_id(version).send()
        };
        let mut answer = self.clients().read(end, ACTION, send).await?;
        // Taken out of the answer at once.
        let (text, binary) = (answer.secret_string.take(), answer.secret_binary.take());
        match (text, binary) {
            (Some(text), _) => Ok(Value::Text(Zeroizing::new(text))),
            (None, Some(blob)) => Ok(Value::Binary(Zeroizing::new(blob.into_inner()))),
            (None, None) => Err(Error::malformed(ACTION, "SecretString").at(end)),
        }
    }
}

fn secret_of(described: &DescribeSecretOutput) -> Result<(SecretArn, Secret), Error> {
    let arn: SecretArn = described.arn().unwrap_or_default().parse()?;
    let region = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::parse::<Region>).transpose();
    let mut replicas = BTreeMap::new();
    for status in described.replication_status() {
        if let Some(region) = region(status.region())? {
            replicas.insert(region, replica_of(status));
        }
    }
    let tags = described.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    let versions = described.version_ids_to_stages().into_iter().flatten();
    let versions = versions.map(|(id, stages)| (id.clone(), stages.iter().cloned().collect::<BTreeSet<_>>()));
    let own = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let secret = Secret {
        created: described.created_date().and_then(timestamp),
        deleted: described.deleted_date().and_then(timestamp),
        description: described.description().unwrap_or_default().to_owned(),
        key: own(described.kms_key_id()),
        kind: own(described.r#type()),
        owner: own(described.owning_service()),
        primary_region: region(described.primary_region())?,
        replicas,
        rotation: rotation_of(described),
        tags: tags.collect(),
        versions: versions.filter(|(_, stages)| !stages.is_empty()).collect(),
    };
    Ok((arn, secret))
}

fn replica_of(status: &ReplicationStatusType) -> Replica {
    Replica {
        key: status.kms_key_id().map(str::to_owned),
        message: status.status_message().map(str::to_owned),
        status: status.status().map_or("", |word| word.as_str()).into(),
    }
}

/// Tells how a secret is rotated; none, if it never was.
fn rotation_of(described: &DescribeSecretOutput) -> Option<Rotation> {
    let rules = described.rotation_rules();
    let metadata = described.external_secret_rotation_metadata().iter();
    let rotation = Rotation {
        days: rules.and_then(|rules| u32::try_from(rules.automatically_after_days()?).ok()),
        duration: rules.and_then(|rules| rules.duration().map(str::to_owned)),
        enabled: described.rotation_enabled() == Some(true),
        function: described.rotation_lambda_arn().map(str::to_owned),
        metadata: metadata.filter_map(|item| Some((item.key()?.to_owned(), item.value()?.to_owned()))).collect(),
        role: described.external_secret_rotation_role_arn().map(str::to_owned),
        schedule: rules.and_then(|rules| rules.schedule_expression().map(str::to_owned)),
    };
    (rotation != Rotation::default()).then_some(rotation)
}
