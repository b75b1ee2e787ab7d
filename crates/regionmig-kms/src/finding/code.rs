//! The codes of this crate's findings.

/// A key of the target is taken for the counterpart, since an alias of the key's name points to it. A note.
pub const ADOPTED: &str = "kms.adopted";
/// An alias has another name in the target than in the source. A note.
pub const ALIAS_RENAMED: &str = "kms.alias-renamed";
/// An alias of that name points to another key. A blocker of the alias.
pub const ALIAS_TAKEN: &str = "kms.alias-taken";
/// Keys that AWS manages are not moved. A note.
pub const AWS_MANAGED: &str = "kms.aws-managed";
/// The counterpart differs in what can never be changed. A blocker of the key.
pub const COUNTERPART_DIFFERS: &str = "kms.counterpart-differs";
/// The counterpart waits for imported material, which the key does not have. A blocker of the key.
pub const COUNTERPART_LACKS_MATERIAL: &str = "kms.counterpart-lacks-material";
/// The counterpart is to be deleted. A blocker of the key.
pub const COUNTERPART_PENDING_DELETION: &str = "kms.counterpart-pending-deletion";
/// A policy names users or roles that are no more, and KMS takes no such policy. A blocker of the key, or of its
/// policy.
pub const DEAD_PRINCIPAL: &str = "kms.dead-principal";
/// The counterpart is disabled, and so is the key: it takes neither grants nor rotation. A blocker of those.
pub const DISABLED_COUNTERPART: &str = "kms.disabled-counterpart";
/// Tags that only AWS or an earlier migration may set were left out. A note.
pub const DROPPED_TAGS: &str = "kms.dropped-tags";
/// More than one key is marked as one key's counterpart. An action.
pub const DUPLICATE_KEY: &str = "kms.duplicate-key";
/// KMS deletes the imported material of the counterpart at another time. An action.
pub const EXPIRY_DIFFERS: &str = "kms.expiry-differs";
/// The counterpart has aliases, grants or tags that the key does not have; they stay. A note, of grants an action.
pub const EXTRA: &str = "kms.extra";
/// A grant is to somebody whose name has the source's region, or account. An action.
pub const GRANT_NAMES_REGION: &str = "kms.grant-names-region";
/// Grants get names of their own in the target. A note.
pub const GRANT_RENAMED: &str = "kms.grant-renamed";
/// The counterpart has no material, and takes no grants until it has. A blocker of those.
pub const EMPTY_COUNTERPART: &str = "kms.empty-counterpart";
/// The custom key store that was named for the copy is not there, or not connected. A blocker of the key.
pub const KEY_STORE_NOT_CONNECTED: &str = "kms.key-store-not-connected";
/// The custom key store that was named for the copy holds keys of another origin. A blocker of the key.
pub const KEY_STORE_OF_OTHER_KIND: &str = "kms.key-store-of-other-kind";
/// The key is in a custom key store for which nobody named one of the target. A blocker of the key.
pub const KEY_STORE_NOT_MAPPED: &str = "kms.key-store-not-mapped";
/// The key's material comes from where this version knows nothing of. A blocker of the key.
pub const KIND_NOT_KNOWN: &str = "kms.kind-not-known";
/// When the key was last used, or that no use is known. A note.
pub const LAST_USE: &str = "kms.last-use";
/// Keys that the caller did not select are not moved. A note.
pub const LEFT_OUT: &str = "kms.left-out";
/// The key is mapped to one that is not there. A blocker of the key.
pub const MAPPED_KEY_MISSING: &str = "kms.mapped-key-missing";
/// The key is mapped to one outside of the target, which was not looked at. A note.
pub const MAPPED_OUTSIDE: &str = "kms.mapped-outside";
/// KMS will delete imported material, at both ends. An action.
pub const MATERIAL_EXPIRES: &str = "kms.material-expires";
/// The counterpart had material before, and takes no other. An action.
pub const MATERIAL_TIED: &str = "kms.material-tied";
/// Nobody brings the material of the counterpart, which waits for it. An action.
pub const MATERIAL_WANTED: &str = "kms.material-wanted";
/// Of several imported materials, only the current one gets to the counterpart. A note.
pub const MATERIALS_LEFT: &str = "kms.materials-left";
/// An option names keys or aliases that the source does not have. An action.
pub const NAME_NOT_FOUND: &str = "kms.name-not-found";
/// What the keys that are made cost by the month. A note.
pub const MONTHLY_COST: &str = "kms.monthly-cost";
/// The name that an alias was to get instead of its own cannot be had. A blocker of the alias.
pub const NEW_ALIAS_UNUSABLE: &str = "kms.new-alias-unusable";
/// The counterpart has another key pair, so its public key must reach whoever has the old one. An action.
pub const NEW_KEY_PAIR: &str = "kms.new-key-pair";
/// The counterpart makes other message authentication codes. An action.
pub const NEW_MAC_KEY: &str = "kms.new-mac-key";
/// The key lacks its imported material, and so does the counterpart. An action.
pub const NO_MATERIAL: &str = "kms.no-material";
/// The counterpart is no multi-Region key, which was wanted, and can never become one. An action.
pub const NOT_MULTI_REGION: &str = "kms.not-multi-region";
/// The key has no replica in the target that could become the primary. An action.
pub const NOT_PROMOTABLE: &str = "kms.not-promotable";
/// The key is to be deleted, so it is not moved. A note.
pub const PENDING_DELETION: &str = "kms.pending-deletion";
/// A policy names keys that are made after its own, or that itself, and is completed once they are there. A note.
pub const POLICY_COMPLETED: &str = "kms.policy-completed";
/// A policy could not be taken apart, and is carried over as it is. An action.
pub const POLICY_NOT_UNDERSTOOD: &str = "kms.policy-not-understood";
/// Asked beforehand, KMS says that it would refuse a step. An action.
pub const PREFLIGHT_REFUSED: &str = "kms.preflight-refused";
/// A disabled primary cannot be replicated. A blocker of the key.
pub const PRIMARY_DISABLED: &str = "kms.primary-disabled";
/// The primary lacks its imported material, and such a key cannot be replicated. A blocker of the key.
pub const PRIMARY_LACKS_MATERIAL: &str = "kms.primary-lacks-material";
/// The primary is to be deleted, and such a key cannot be replicated. A blocker of the key.
pub const PRIMARY_PENDING_DELETION: &str = "kms.primary-pending-deletion";
/// The replica in the target becomes the primary, as the caller asked. An action.
pub const PROMOTED: &str = "kms.promoted";
/// With what the plan makes the target has more than KMS allows by default. An action.
pub const QUOTA: &str = "kms.quota";
/// What was encrypted under the key must be encrypted anew. An action.
pub const REENCRYPT: &str = "kms.reencrypt";
/// Multi-Region keys cannot be replicated to another account or partition. A blocker of the key.
pub const REPLICA_OUT_OF_REACH: &str = "kms.replica-out-of-reach";
/// The caller wants tags added that only AWS or a migration may set. A blocker of everything.
pub const RESERVED_TAG: &str = "kms.reserved-tag";
/// The counterpart is a replica, and rotates otherwise; only its primary can say how. An action.
pub const ROTATION_ELSEWHERE: &str = "kms.rotation-elsewhere";
/// The counterpart gets the same imported material, so that what the one makes is good for the other. A note.
pub const SAME_MATERIAL: &str = "kms.same-material";
/// Grants that AWS services made for themselves are not copied. A note.
pub const SERVICE_GRANTS: &str = "kms.service-grants";
/// What AWS services encrypted under multi-Region keys is not opened by their replicas. An action.
pub const SERVICES_STAY: &str = "kms.services-stay";
/// Keys that other accounts share with this one were not listed. A note.
pub const SHARED_NOT_LISTED: &str = "kms.shared-not-listed";
/// Keys of the target whose tags cannot be read are somebody else's, as the tagging API shows. A note.
pub const TOLD_BY_TAGGING_API: &str = "kms.told-by-tagging-api";
/// A description, policy or list of tags is longer than KMS takes. A blocker.
pub const TOO_LONG: &str = "kms.too-long";
/// The key's policy or grants let AWS services use it; what they hold must get to the target, under the counterpart. An
/// action.
pub const USED_BY_SERVICES: &str = "kms.used-by-services";
/// The external key that was named for the copy stands behind another key, or is to. A blocker of the key.
pub const XKS_KEY_IN_USE: &str = "kms.xks-key-in-use";
/// Nobody said which external key is to stand behind the copy. A blocker of the key.
pub const XKS_KEY_NOT_MAPPED: &str = "kms.xks-key-not-mapped";
