//! The keys of an account that are not symmetric encryption keys of KMS's own making.

use jiff::{SignedDuration, Timestamp};
use regionmig_core::Partition;

use super::super::seed::{GrantSeed, KeySeed};
use super::Account;

/// Number, spec, usage, purpose.
const ASYMMETRIC: &[(usize, &str, &str, &str)] = &[
    (100, "RSA_2048", "ENCRYPT_DECRYPT", "Receives from partners (retired format)"),
    (101, "RSA_3072", "ENCRYPT_DECRYPT", "Receives from suppliers"),
    (102, "RSA_4096", "ENCRYPT_DECRYPT", "Receives from partners"),
    (103, "RSA_2048", "SIGN_VERIFY", "Signs tokens"),
    (104, "RSA_3072", "SIGN_VERIFY", "Signs documents"),
    (105, "RSA_4096", "SIGN_VERIFY", "Signs code"),
    (106, "ECC_NIST_P256", "SIGN_VERIFY", "Signs tokens of the new service"),
    (107, "ECC_NIST_P256", "SIGN_VERIFY", "Root of the device certificates"),
    (108, "ECC_NIST_P384", "SIGN_VERIFY", "Signs receipts"),
    (109, "ECC_NIST_P521", "SIGN_VERIFY", "Signs archives"),
    (110, "ECC_SECG_P256K1", "SIGN_VERIFY", "Signs ledger entries"),
    (111, "ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "Signs releases"),
    (112, "ECC_NIST_P256", "KEY_AGREEMENT", "Agrees with devices"),
    (113, "ECC_NIST_P384", "KEY_AGREEMENT", "Agrees with the bank"),
    (114, "ML_DSA_44", "SIGN_VERIFY", "Signs firmware (small)"),
    (115, "ML_DSA_65", "SIGN_VERIFY", "Signs firmware"),
    (116, "ML_DSA_87", "SIGN_VERIFY", "Signs firmware (long-lived)"),
    (117, "ML_KEM_768", "ENCAPSULATE_DECAPSULATE", "Receives session keys"),
    (118, "ML_KEM_1024", "ENCAPSULATE_DECAPSULATE", "Receives session keys (long-lived)"),
];

/// As above; there in China only.
const CHINESE: &[(usize, &str, &str, &str)] = &[
    (120, "SM2", "SIGN_VERIFY", "Signs invoices"),
    (121, "SM2", "ENCRYPT_DECRYPT", "Receives invoices"),
    (122, "SM2", "KEY_AGREEMENT", "Agrees with the tax office"),
];

impl Account<'_> {
    pub(super) fn asymmetric(&self) {
        let chinese: &[_] = if self.end.partition == Partition::AwsCn { CHINESE } else { &[] };
        for &(n, spec, usage, purpose) in ASYMMETRIC.iter().chain(chinese) {
            let mut key = self.kind(n).spec(spec).usage(usage).description(purpose).tag("Purpose", usage);
            if n % 3 != 0 {
                key = key.alias(&format!("alias/kinds/{}-{n}", spec.to_ascii_lowercase()));
            }
            if usage == "SIGN_VERIFY" && n % 4 == 0 {
                let operations = ["Sign", "Verify", "GetPublicKey"];
                key = key.grant(GrantSeed::to(&self.role("signer")).name("signer").operations(operations));
            }
            key.make();
        }
        let [third, _] = self.third();
        let signs = |n| self.kind(n).spec("RSA_2048").usage("SIGN_VERIFY");
        signs(125).replica_in(&third).description("Signs tokens everywhere").alias("alias/global/tokens-rsa").make();
        signs(126).disabled().description("Signed tokens until 2023").make();
        self.kind(127).spec("ECC_NIST_P256").multi_region().description("Signs webhooks, one day everywhere").make();
    }

    pub(super) fn symmetric_but_not_for_encryption(&self) {
        for (n, spec) in [(130, "HMAC_224"), (131, "HMAC_256"), (132, "HMAC_384"), (133, "HMAC_512")] {
            let key = self.kind(n).spec(spec).description("Authenticates webhooks");
            let operations = ["GenerateMac", "VerifyMac"];
            key.alias(&format!("alias/mac/{n}"))
                .grant(GrantSeed::to(&self.role("hooks")).operations(operations))
                .make();
        }
        let [third, _] = self.third();
        self.kind(134).spec("HMAC_256").replica_in(&third).description("Authenticates sessions everywhere").make();
        self.kind(135).spec("HMAC_512").disabled().description("Authenticated cookies").make();
    }

    /// Imported material, single-Region: there, expiring, expired, deleted, never imported.
    pub(super) fn brought_along(&self) {
        self.kind(140).imported(true).description("Brought from our own HSM").alias("alias/byok/main").make();
        self.kind(141)
            .imported(true)
            .expires_at(self.in_days(200))
            .alias("alias/byok/yearly")
            .tag("Renew", "yes")
            .make();
        self.kind(142).imported(true).expires_at(self.in_days(-3)).description("Its material has expired").make();
        self.kind(143).imported(false).description("Waits for its material").make();
        self.kind(144).imported(true).disabled().description("Brought along, disabled").make();
        self.kind(145).spec("HMAC_256").imported(true).description("Shared with a partner").make();
        self.kind(146)
            .spec("ECC_NIST_P384")
            .usage("SIGN_VERIFY")
            .imported(true)
            .description("Made in a ceremony")
            .make();
        self.kind(147).spec("RSA_2048").usage("ENCRYPT_DECRYPT").imported(true).alias("alias/byok/rsa").make();
    }

    pub(super) fn brought_along_to_several_regions(&self) {
        let [third, fourth] = self.third();
        self.kind(150).imported(true).replica_in(&third).description("Imported in two regions").make();
        self.kind(151).imported(true).replica_without_material_in(&third).description("Imported in one of two").make();
        self.kind(152).imported(true).multi_region().expires_at(self.in_days(90)).description("Imported here").make();
        for (n, region, has_material) in [(153, &third, true), (154, &fourth, false)] {
            let elsewhere = Account { end: &self.end.in_region(region.clone()), ..*self };
            let key: KeySeed = elsewhere.kind(n).imported(true).description("Imported elsewhere first");
            match has_material {
                true => key.replica_in(&self.end.region).make(),
                false => key.replica_without_material_in(&self.end.region).make(),
            };
        }
    }

    pub(super) fn in_stores(&self) {
        let store = |name: &str| self.world.kms_store(self.end).name(name);
        let cluster = store("our cluster").make();
        let old_cluster = store("our old cluster").disconnected().make();
        let proxy = store("our data centre").external().make();
        let far_proxy = store("our old data centre").external().disconnected().make();
        let stored = |n, origin, store: &str| self.kind(n).origin(origin).custom_key_store(store);
        stored(160, "AWS_CLOUDHSM", &cluster).description("In our cluster").alias("alias/hsm/main").make();
        stored(161, "AWS_CLOUDHSM", &cluster).description("In our cluster, disabled").disabled().make();
        stored(162, "AWS_CLOUDHSM", &old_cluster).description("In a cluster out of reach").make();
        stored(163, "EXTERNAL_KEY_STORE", &proxy).xks_key("key-1").description("In our data centre").make();
        stored(164, "EXTERNAL_KEY_STORE", &far_proxy).xks_key("key-2").description("Out of reach").make();
    }

    pub(super) fn on_their_way_out(&self) {
        let [third, _] = self.third();
        self.kind(170).spec("ECC_NIST_P256").usage("SIGN_VERIFY").pending_deletion(7).description("Compromised").make();
        self.kind(171).imported(true).pending_deletion(30).description("Brought along, no longer needed").make();
        self.kind(172).replica_in(&third).pending_deletion(10).description("Waits for its replica to go").make();
    }

    /// Begins the `n`th key, made before the clock of a world begins.
    fn kind(&self, n: usize) -> KeySeed {
        self.key(n - 90)
    }

    fn in_days(&self, days: i64) -> Timestamp {
        let now = self.world.clock().now();
        now.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(now)
    }
}
