//! An account such as there are: grown over years, with everything in it that a migration meets.

mod kinds;

use regionmig_core::{End, KeyArn, Region};
use serde_json::{Value, json};

use super::seed::{GrantSeed, KeySeed};
use crate::grown::{self, APPS};
use crate::world::World;

const PERIODS: [i64; 5] = [90, 180, 365, 730, 2560];

/// Fills an account of a region as years of use do: some fifty symmetric encryption keys, with aliases, grants,
/// policies, tags and rotations of every shape. Always the same in worlds of one seed.
///
/// There are single-Region keys, multi-Region primaries with and without replicas, replicas whose primary is elsewhere
/// (in `us-west-2` and `ap-southeast-2`, or what the partition has), disabled ones, one that is pending deletion, and
/// AWS's own. For keys of other kinds see [`other_keys`].
pub fn reference_account(world: &World, end: &End) {
    let account = Account { world, end };
    account.singles(32);
    account.disabled();
    account.primaries();
    account.replicas();
    account.of_aws();
}

/// Adds what an account has besides: asymmetric keys, an HMAC key, keys whose material was imported or is in a custom
/// key store, and a multi-Region primary that is disabled.
pub fn other_keys(world: &World, end: &End) {
    let account = Account { world, end };
    account.other_kinds();
    let [_, fourth] = account.third();
    account.key(45).replica_in(&fourth).disabled().description("Primary, disabled").make();
}

/// Fills an account of a region with keys of every kind that there is, some eighty, in the proportions of an account that
/// has been used for years: what [`reference_account`] has, in smaller numbers, and asymmetric, HMAC and key agreement keys
/// of every spec that the partition has, imported material in all its states, replicas with material and without, keys in
/// custom key stores of both types, connected and not, and keys of these kinds that are disabled or to be deleted.
///
/// Keys of other accounts are in no listing of this one's, so there are none.
pub fn every_kind_of_key(world: &World, end: &End) {
    let account = Account { world, end };
    account.singles(20);
    account.disabled();
    account.primaries();
    account.replicas();
    account.of_aws();
    account.asymmetric();
    account.symmetric_but_not_for_encryption();
    account.brought_along();
    account.brought_along_to_several_regions();
    account.in_stores();
    account.on_their_way_out();
}

struct Account<'a> {
    world: &'a World,
    end: &'a End,
}

impl Account<'_> {
    /// So many applications' keys.
    fn singles(&self, count: usize) {
        let mut before = None;
        for n in 0..count {
            before = Some(self.single(n, before.as_ref()));
        }
    }

    /// An application's key, the `n`th, and the key that was made before.
    fn single(&self, n: usize, before: Option<&KeyArn>) -> KeyArn {
        let app = APPS[n % APPS.len()];
        let stage = ["production", "staging", "test", "training"][n / APPS.len()];
        let mut key = self.key(n).description(&format!("Encrypts the data of {app} ({stage})")).tag("Stage", stage);
        for alias in 0..n % 5 {
            let suffix = ["", "/database", "/queue", "_old"][alias];
            key = key.alias(&format!("alias/{stage}/{app}{suffix}"));
        }
        if n.is_multiple_of(3) {
            key = key.rotation(PERIODS[n / 3 % PERIODS.len()]);
        }
        if n.is_multiple_of(2) {
            key = key.tag("Owner", &format!("{app}@example.com")).tag("Cost Centre", &format!("{}", 4100 + n));
        }
        if n % 4 == 1 {
            key = key
                .tag("aws:cloudformation:stack-name", &format!("{app}-{stage}"))
                .tag("aws:cloudformation:logical-id", "Key")
                .tag(
                    "aws:cloudformation:stack-id",
                    &self.arn("cloudformation", &format!("stack/{app}-{stage}/{n:08}")),
                );
        }
        if let Some(policy) = self.policy(n, app, before) {
            key = key.policy(&policy);
        }
        for grant in self.grants(n, app) {
            key = key.grant(grant);
        }
        key.make()
    }

    fn disabled(&self) {
        self.key(30).description("").disabled().make();
        self.key(31).description("Replaced in 2023").alias("alias/replaced").rotation(365).disabled().make();
        let grant = GrantSeed::to(&self.role("auditor")).name("audit").operations(["DescribeKey"]);
        self.key(32).description("Kept for the auditors").disabled().grant(grant).make();
        self.key(33).description("To be deleted").alias("alias/doomed").pending_deletion(14).make();
    }

    fn primaries(&self) {
        let [third, fourth] = self.third();
        self.key(40).multi_region().description("Primary without replicas").alias("alias/global/tokens").make();
        self.key(41).multi_region().rotation(365).alias("alias/global/sessions").alias("alias/global/cookies").make();
        self.key(42).multi_region().policy(&self.via_service("dynamodb")).tag("Owner", "platform").make();
        self.key(43).replica_in(&third).description("Primary with a replica").alias("alias/global/events").make();
        let grant = GrantSeed::to(&self.role("replicator")).operations(["Encrypt", "Decrypt"]).name("replication");
        self.key(44).replica_in(&third).replica_in(&fourth).rotation(180).grant(grant).tag("Tier", "1").make();
    }

    /// Keys whose primary is in a third region.
    fn replicas(&self) {
        let [third, fourth] = self.third();
        for (n, region) in [(50, &third), (51, &third), (52, &fourth)] {
            let elsewhere = Account { end: &self.end.in_region(region.clone()), ..*self };
            let key = elsewhere.key(n).description("Shared by all regions").tag("Owner", "platform").rotation(365);
            let primary = key.replica_in(&self.end.region).make();
            if let (Ok(replica), 50 | 51) = (primary.in_region(&self.end.region), n) {
                self.world.kms_alias(self.end, &format!("alias/global/shared-{n}"), Some(&replica));
            }
        }
    }

    fn of_aws(&self) {
        for (n, service) in ["acm", "ebs", "rds", "s3", "secretsmanager"].into_iter().enumerate() {
            let description = format!("Default key that protects my {service} data when no other key is defined");
            self.key(60 + n).aws_managed(service).description(&description).policy(&self.via_service(service)).make();
        }
        self.world.kms_alias(self.end, "alias/aws/dynamodb", None);
    }

    fn other_kinds(&self) {
        let key = |n: usize, what: &str| self.key(n).description(what).alias(&format!("alias/kinds/{n}"));
        key(70, "Receives from partners").spec("RSA_4096").usage("ENCRYPT_DECRYPT").make();
        key(71, "Signs documents").spec("RSA_2048").usage("SIGN_VERIFY").make();
        key(72, "Signs tokens").spec("ECC_NIST_P256").usage("SIGN_VERIFY").make();
        key(73, "Authenticates webhooks").spec("HMAC_256").make();
        key(74, "Brought from our own HSM").imported(true).make();
        key(75, "Waits for its material").imported(false).make();
        key(76, "In our cluster").origin("AWS_CLOUDHSM").custom_key_store("cks-1234567890abcdef0").make();
    }

    fn key(&self, n: usize) -> KeySeed {
        self.world.kms(self.end).created_at(grown::made(n))
    }

    fn third(&self) -> [Region; 2] {
        grown::third(self.end, &[])
    }

    /// Policies as they are written: seven shapes, the first of which is AWS's default.
    fn policy(&self, n: usize, app: &str, before: Option<&KeyArn>) -> Option<String> {
        let statements = match n % 7 {
            0 => return None,
            1 => return Some(self.via_service("secretsmanager")),
            2 => vec![self.of_admins(), self.of_users(app), self.of_wrapped(app, before)],
            3 => vec![self.of_account(), self.of_logs()],
            4 => vec![self.of_account(), Self::of_organization(), Self::without_transport()],
            5 => vec![self.of_account(), self.of_topic(app)],
            _ => {
                let statement = json!({
                    "Sid": "Everything", "Effect": "Allow", "Principal": { "AWS": [self.end.account.as_str()] },
                    "Action": ["kms:*"], "Resource": ["*"],
                });
                return Some(json!({ "Version": "2008-10-17", "Statement": statement }).to_string());
            }
        };
        Some(document(statements))
    }

    fn of_account(&self) -> Value {
        json!({
            "Sid": "Enable IAM policies", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": { "AWS": format!("arn:{}:iam::{}:root", self.end.partition, self.end.account) },
        })
    }

    fn of_admins(&self) -> Value {
        let root = format!("arn:{}:iam::{}:root", self.end.partition, self.end.account);
        json!({
            "Sid": "Administrators", "Effect": "Allow", "Resource": "*",
            "Principal": { "AWS": [root, self.role("security/key-admin")] },
            "Action": ["kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*",
                "kms:Revoke*", "kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource",
                "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:ReplicateKey"],
        })
    }

    fn of_users(&self, app: &str) -> Value {
        json!({
            "Sid": "Users", "Effect": "Allow", "Principal": { "AWS": self.role(app) }, "Resource": "*",
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            "Condition": { "StringEquals": { "kms:EncryptionContext:app": app } },
        })
    }

    /// For data keys that another key wraps, in this account and in that of a partner.
    fn of_wrapped(&self, app: &str, by: Option<&KeyArn>) -> Value {
        let End { partition, region, .. } = self.end;
        let topic = format!("arn:{partition}:sns:{region}:444455556666:{app}");
        json!({
            "Sid": "Wrapped", "Effect": "Allow", "Principal": { "AWS": self.role(app) }, "Resource": "*",
            "Action": "kms:Decrypt",
            "Condition": {
                "StringEquals": { "kms:EncryptionContext:wrapped-by": by.map(KeyArn::as_str).unwrap_or_default() },
                "ArnLike": { "aws:SourceArn": [topic, format!("arn:{partition}:logs:*:{}:*", self.end.account)] },
            },
        })
    }

    fn of_logs(&self) -> Value {
        let End { region, .. } = self.end;
        json!({
            "Sid": "Logs", "Effect": "Allow", "Resource": "*",
            "Principal": { "Service": format!("logs.{region}.{}", self.end.partition.dns_suffix()) },
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            "Condition": { "ArnLike": { "kms:EncryptionContext:aws:logs:arn": self.arn("logs", "*") } },
        })
    }

    fn of_topic(&self, app: &str) -> Value {
        json!({
            "Sid": "Notifications", "Effect": "Allow", "Resource": "*",
            "Principal": { "Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"] },
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Condition": {
                "ArnEquals": { "aws:SourceArn": [self.arn("events", &format!("rule/{app}")), self.arn("sns", app)] },
                "StringEquals": { "aws:SourceAccount": self.end.account.as_str() },
            },
        })
    }

    fn of_organization() -> Value {
        json!({
            "Sid": "Our organization", "Effect": "Allow", "Principal": "*", "Resource": "*",
            "Action": ["kms:Decrypt", "kms:DescribeKey"],
            "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } },
        })
    }

    fn without_transport() -> Value {
        json!({
            "Sid": "Transport", "Effect": "Deny", "Principal": { "AWS": "*" }, "NotAction": "kms:DescribeKey",
            "Resource": "*", "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        })
    }

    /// Through one service of this region only, as AWS's own keys are used.
    fn via_service(&self, service: &str) -> String {
        let End { account, region, .. } = self.end;
        let host = format!("{service}.{region}.{}", self.end.partition.dns_suffix());
        document(vec![
            json!({
                "Sid": "Through the service", "Effect": "Allow", "Principal": { "AWS": "*" }, "Resource": "*",
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant",
                    "kms:DescribeKey"],
                "Condition": { "StringEquals": { "kms:ViaService": host, "kms:CallerAccount": account.as_str() } },
            }),
            self.of_account(),
        ])
    }

    fn grants(&self, n: usize, app: &str) -> Vec<GrantSeed> {
        let End { region, .. } = self.end;
        let service = |name: &str| format!("{name}.{region}.{}", self.end.partition.dns_suffix());
        let role = self.role(app);
        match n % 6 {
            1 => vec![GrantSeed::to(&role).operations(["Decrypt", "Encrypt", "GenerateDataKey"]).name("worker")],
            2 => vec![
                GrantSeed::to(&role)
                    .context_subset("aws:s3:arn", &format!("arn:{}:s3:::{app}-{region}", self.end.partition))
                    .retiring(&self.role("janitor")),
                GrantSeed::to(&self.role("reader")).context_equals("app", app).operations(["Decrypt"]),
            ],
            3 => vec![
                GrantSeed::to(&service("dynamodb"))
                    .context_subset("aws:dynamodb:tableName", app)
                    .operations([
                        "Encrypt",
                        "Decrypt",
                        "ReEncryptFrom",
                        "ReEncryptTo",
                        "GenerateDataKey",
                        "DescribeKey",
                    ])
                    .retiring(&service("dynamodb")),
                GrantSeed::to(&role)
                    .context_equals(
                        "aws:secretsmanager:arn",
                        &self.arn("secretsmanager", &format!("secret:{app}-AbCdEf")),
                    )
                    .name(&format!("{app}/secret"))
                    .operations(["Decrypt", "DescribeKey"]),
            ],
            5 => vec![GrantSeed::to_service(
                &format!("rds.{}", self.end.partition.dns_suffix()),
                &self.arn("rds", &format!("db:{app}")),
                &self.role("janitor"),
            )],
            _ => Vec::new(),
        }
    }

    fn role(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role/{name}", self.end.partition, self.end.account)
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        let End { partition, account, region, .. } = self.end;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

fn document(statements: Vec<Value>) -> String {
    json!({ "Version": "2012-10-17", "Id": "key-policy", "Statement": statements }).to_string()
}
