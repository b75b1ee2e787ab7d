//! Amazon Resource Names, taken apart exactly.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::region::{NameError, Partition, Region};
use crate::route::AccountId;

/// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
///
/// Of any partition this version knows. Region and account may be empty, as services have it;
/// the resource may hold colons and slashes. No part may hold white space or control characters.
///
/// ```
/// # use regionmig_core::Arn;
/// let arn: Arn = "arn:aws:kms:eu-central-1:111122223333:key/1234".parse()?;
/// assert_eq!((arn.service(), arn.resource()), ("kms", "key/1234"));
/// # Ok::<(), regionmig_core::NameError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Arn {
    text: Arc<str>,
    partition: Partition,
    region: Option<Region>,
    account: Option<AccountId>,
}

impl Arn {
    /// Returns the whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the partition.
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// Returns the service, such as `kms`.
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// Returns the region, if the ARN has one.
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// Returns the account, if the ARN has one: those of some global resources have none.
    pub fn account(&self) -> Option<&AccountId> {
        self.account.as_ref()
    }

    /// Returns what comes after the account, such as `key/1234`.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    fn part(&self, index: usize) -> &str {
        self.text.splitn(6, ':').nth(index).unwrap_or_default()
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Arn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Arn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl FromStr for Arn {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = |why| NameError::new("ARN", text, why);
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts[..] else {
            return Err(refuse("an ARN is `arn:partition:service:region:account:resource`"));
        };
        if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(refuse("it holds white space or a control character"));
        }
        if service.is_empty() || resource.is_empty() {
            return Err(refuse("its service or its resource is empty"));
        }
        let partition: Partition = partition.parse().map_err(|_| refuse("its partition is not known"))?;
        let region = match region {
            "" => None,
            region => Some(region.parse::<Region>().map_err(|_| refuse("its region is no region"))?),
        };
        if region.as_ref().is_some_and(|region| region.partition() != partition) {
            return Err(refuse("its region belongs to another partition"));
        }
        // IAM's own managed policies are `aws`'s.
        let account = match account {
            "" | "aws" => None,
            account => Some(account.parse().map_err(|_| refuse("its account does not have twelve digits"))?),
        };
        Ok(Self { text: text.into(), partition, region, account })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_of_any_partition_is_taken_apart() -> Result<(), NameError> {
        let arn: Arn = "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:a/b-AbCdEf".parse()?;
        assert_eq!(arn.partition(), Partition::AwsCn);
        assert_eq!(arn.service(), "secretsmanager");
        assert_eq!(arn.region().map(Region::as_str), Some("cn-north-1"));
        assert_eq!(arn.account().map(AccountId::as_str), Some("111122223333"));
        assert_eq!(arn.resource(), "secret:a/b-AbCdEf");
        let global: Arn = "arn:aws:iam::aws:policy/ReadOnlyAccess".parse()?;
        assert_eq!((global.region(), global.account()), (None, None));
        assert_eq!(global.to_string(), "arn:aws:iam::aws:policy/ReadOnlyAccess");
        Ok(())
    }

    #[test]
    fn what_is_no_arn_is_refused_with_the_reason() {
        for (text, why) in [
            ("key/1", "an ARN is"),
            ("arn:aws:kms:eu-central-1:111122223333", "an ARN is"),
            ("arn:mars:kms:eu-central-1:111122223333:key/1", "partition"),
            ("arn:aws-cn:kms:eu-central-1:111122223333:key/1", "another partition"),
            ("arn:aws:kms:europe:111122223333:key/1", "region"),
            ("arn:aws:kms:eu-central-1:1111:key/1", "account"),
            ("arn:aws:kms:eu-central-1:111122223333:", "empty"),
            ("arn:aws::eu-central-1:111122223333:key/1", "empty"),
            ("arn:aws:kms:eu-central-1:111122223333:key/\n1", "control"),
        ] {
            let refused = text.parse::<Arn>();
            assert!(refused.as_ref().is_err_and(|error| error.why.contains(why)), "{text}: {refused:?}");
        }
    }
}
