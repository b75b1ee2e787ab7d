//! Secrets such as there are: grown over years, with everything in it that a migration meets.

use regionmig_core::{End, KeyArn, Region};
use serde_json::json;

use super::seed::SecretSeed;
use crate::grown::{self, APPS};
use crate::world::World;

const TEAMS: [&str; 5] = ["platform", "finance", "security", "data", "support"];

/// Fills an account of a region with one secret of every situation that a migration has to tell apart, twenty-two in all,
/// and the keys that they are encrypted with.
///
/// Under the default key, a customer's key and AWS's own by its alias; text and bytes, with earlier, pending and labelled
/// values and none; with a policy that names the secret itself; rotated by a function every so many days and by a schedule, and by
/// a partner; managed by RDS; planned for deletion; replicated already, to a third region (`eu-central-1`, or what else the
/// partition has), and in vain; a replica whose primary is there; names that end as an ARN does, and of every length; and with all
/// the tags that there may be.
pub fn every_kind_of_secret(world: &World, source: &End) {
    let account = Account { world, end: source };
    account.plain();
    account.with_versions();
    account.rotated();
    account.held_back();
    account.replicated();
    account.named();
}

/// Fills an account of a region as years of use do: seventy-six secrets, some of each kind that [`every_kind_of_secret`] has, under
/// twenty-five customers' keys. Always the same in worlds of one seed.
pub fn reference_secrets(world: &World, source: &End) {
    every_kind_of_secret(world, source);
    let account = Account { world, end: source };
    let keys: Vec<KeyArn> = (0..24).map(|n| account.key(n)).collect();
    for n in 0..54 {
        account.of_app(n, &keys);
    }
}

struct Account<'a> {
    world: &'a World,
    end: &'a End,
}

impl Account<'_> {
    fn plain(&self) {
        self.secret(0, "kinds/default-key").value("{\"user\":\"app\",\"password\":\"one\"}").make();
        let key = self.key(30);
        self.secret(1, "kinds/customer-key").key(key.as_str()).description("Under a key of our own").make();
        self.secret(2, "kinds/aws-key").key("alias/aws/secretsmanager").make();
        self.secret(3, "kinds/binary").binary(&[0, 159, 146, 150, 255]).make();
        self.secret(4, "kinds/no-value").without_value().description("Waits for its first value").make();
    }

    fn with_versions(&self) {
        self.secret(5, "kinds/previous").previous("the older one").value("the newer one").make();
        self.secret(6, "kinds/stages").labelled("blue", "left").labelled("green", "right").previous("before").make();
        self.secret(7, "kinds/pending-rotation")
            .pending("not yet")
            .previous("before")
            .rotation(&self.function("slow"), 30)
            .make();
        self.secret(8, "kinds/policy").policy(&self.policy()).make();
    }

    fn rotated(&self) {
        let function = self.function("rotate");
        self.world.rotation_function(&function);
        self.secret(9, "kinds/rotated-by-days").rotation(&function, 30).previous("last month").make();
        self.secret(10, "kinds/rotated-by-schedule")
            .rotation_schedule(&function, "cron(0 16 1,15 * ? *)", Some("2h"))
            .make();
        self.secret(11, "kinds/rotated-by-partner")
            .kind("SalesforceClientSecret")
            .external_rotation(&self.role("partner"), &[("apiVersion", "v65.0"), ("appName", "billing")])
            .make();
    }

    fn held_back(&self) {
        self.secret(12, "rds!cluster-7c31e2b4-5f6a-4b0d-9d5e-2a1b3c4d5e6f")
            .managed_by("rds")
            .tag("aws:secretsmanager:owningService", "rds")
            .make();
        self.secret(13, "kinds/planned-for-deletion").deleted(14).make();
    }

    fn replicated(&self) {
        let [third, fourth] = self.third();
        self.secret(14, "kinds/replicated").replica(third.clone(), None).tag("Tier", "1").make();
        let why = format!("Replication failed: Secret name kinds/failed already exists in region {third}.");
        self.secret(15, "kinds/failed").failed_replica(third.clone(), &why).make();
        let elsewhere = Account { end: &self.end.in_region(third), ..*self };
        elsewhere.secret(16, "kinds/replica").replica(self.end.region.clone(), None).previous("before").make();
        let key = elsewhere.key(31);
        elsewhere
            .secret(17, "kinds/replica-of-many")
            .key(key.as_str())
            .replica(fourth, None)
            .replica(self.end.region.clone(), Some("alias/aws/secretsmanager".to_owned()))
            .make();
    }

    fn named(&self) {
        self.secret(18, "kinds/looks-like-an-arn-a1B2c3").make();
        self.secret(19, &format!("kinds/{}", "long/".repeat(101))).make();
        let mut tagged = self.secret(20, "kinds/all-tags");
        for n in 0..50 {
            tagged = tagged.tag(&format!("tag-{n:02}"), &format!("value {n}"));
        }
        tagged.make();
        self.secret(21, "kinds/of_every+sign=that.may@be-there!").tag("Owner", "").description("").make();
    }

    /// One of the many, each a little different.
    fn of_app(&self, n: usize, keys: &[KeyArn]) {
        let (app, stage) = (APPS[n % APPS.len()], ["production", "staging", "test"][n / APPS.len() % 3]);
        let kind = ["database", "api-key", "certificate"][n / 24 % 3];
        let name = format!("{stage}/{app}/{kind}");
        let mut secret = self.secret(40 + n, &name).tag("Owner", TEAMS[n % TEAMS.len()]).tag("Stage", stage);
        if n % 4 != 3 {
            secret = secret.key(keys[(n - n / 4) % keys.len()].as_str());
        }
        secret = match n % 6 {
            0 => secret.previous(&format!("{name} before")),
            1 => secret.rotation(&self.function(app), 30).previous("last month"),
            2 => secret.binary(name.as_bytes()),
            3 => secret.description(&format!("The {kind} of {app}")).labelled("rollback", "an older one"),
            4 => secret.policy(&self.policy()),
            _ => secret.rotation_schedule(&self.function(app), "rate(10 days)", Some("3h")),
        };
        secret.make();
    }

    /// Names the secret itself, and its region.
    fn policy(&self) -> String {
        let End { partition, region, .. } = self.end;
        let key_host = format!("secretsmanager.{region}.{}", partition.dns_suffix());
        json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Readers", "Effect": "Allow", "Principal": { "AWS": self.role("reader") },
                    "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], "Resource": "{own arn}",
                },
                {
                    "Sid": "NowhereElse", "Effect": "Deny", "Principal": "*", "Action": "secretsmanager:GetSecretValue",
                    "Resource": "*",
                    "Condition": {
                        "StringNotEquals": { "aws:RequestedRegion": region, "kms:ViaService": key_host },
                    },
                },
            ],
        })
        .to_string()
    }

    fn key(&self, n: usize) -> KeyArn {
        let description = format!("Encrypts secrets of {}", TEAMS[n % TEAMS.len()]);
        self.world
            .kms(self.end)
            .description(&description)
            .alias(&format!("alias/secrets/{n}"))
            .created_at(grown::made(n))
            .make()
    }

    fn secret(&self, n: usize, name: &str) -> SecretSeed {
        self.world.secret(self.end, name).value(&format!("the value of {name}")).created_at(grown::made(n))
    }

    fn third(&self) -> [Region; 2] {
        grown::third(self.end, &["eu-central-1"])
    }

    fn function(&self, name: &str) -> String {
        let End { partition, account, region, .. } = self.end;
        format!("arn:{partition}:lambda:{region}:{account}:function:{name}")
    }

    fn role(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role/{name}", self.end.partition, self.end.account)
    }
}
