//! The service.

use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use regionmig_aws::{Access, Clients, Error};
use regionmig_core::{Permission, Service, Side};

use crate::options::Options;
use crate::snapshot::Snapshot;
use crate::step::{NAME, Step};

/// Secrets Manager: secrets with their values, versions, policies, tags and rotation. Cheap to clone.
///
/// ```
/// use regionmig_aws::Access;
/// use regionmig_core::{Migration, Route};
/// use regionmig_secrets::{Mode, Secrets};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let config = aws_types::SdkConfig::builder().build();
/// let access = Access::new(&config);
/// let route = Route::new("111122223333/me-central-1".parse()?, "111122223333/eu-central-1".parse()?)?;
/// let secrets = Secrets::new(&access).mode(Mode::ReplicateAndPromote).with_prefix("payments/");
/// let migration = Migration::new(route, &access).with(secrets.clone());
/// # let _ = migration; Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Secrets {
    clients: Clients<Client>,
    options: Arc<Options>,
}

impl Secrets {
    /// Moves all secrets of an account.
    pub fn new(access: &Access) -> Self {
        Self { clients: access.clients(Client::new), options: Arc::default() }
    }

    pub(crate) fn clients(&self) -> &Clients<Client> {
        &self.clients
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn set(mut self, set: impl FnOnce(&mut Options)) -> Self {
        set(Arc::make_mut(&mut self.options));
        self
    }
}

impl Service for Secrets {
    type Snapshot = Snapshot;
    type Step = Step;
    type Error = Error;

    fn name(&self) -> &str {
        NAME
    }

    fn permissions(&self) -> Vec<Permission> {
        const READS: [&str; 3] =
            ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:ListSecrets"];
        let both = [Side::Source, Side::Target].into_iter();
        let reads = both.clone().flat_map(|side| READS.map(|action| Permission::new(side, action, "*")));
        // A replica's primary is read where it is: in which region, the replica tells.
        let primaries =
            Permission::new(Side::Source, "secretsmanager:DescribeSecret", "arn:*:secretsmanager:*:*:secret:*");
        let values = both.filter(|_| self.options.compares_values).flat_map(|side| {
            ["kms:Decrypt", "secretsmanager:GetSecretValue"].map(|action| Permission::new(side, action, "*"))
        });
        reads.chain([primaries]).chain(values).collect()
    }
}
