//! What the caller wants decided otherwise.
// REQ: E-39

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use regionmig_core::rewrite::Allowance;
use regionmig_core::{AliasName, Gap, KeyArn, Lookup, is_reserved_tag};

use crate::material::KeyMaterialSource;
use crate::service::Kms;
use crate::snapshot::{Key, Snapshot};

/// What the caller wants decided otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) alias_conflict: AliasConflict,
    allowed: BTreeSet<Allowance>,
    key_stores: BTreeMap<String, String>,
    last_use: bool,
    material: Option<Brings>,
    multi_region: Copies,
    promoted: BTreeSet<KeyArn>,
    rename: Option<Rename>,
    selection: Selection,
    /// Whether the tagging API is asked of keys whose tags KMS does not tell.
    pub(crate) tagging_api: bool,
    tags: BTreeMap<String, String>,
    xks_keys: BTreeMap<KeyArn, String>,
}

/// What is done about an alias whose name another customer's key has in the target, unless
/// [`Kms::rename_on_alias_conflict`] gives it another.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum AliasConflict {
    /// That key is the counterpart, if it is of the same kind and does not wait for imported material: its policy, grants,
    /// tags and state become those of the key of the source, where overwriting is allowed.
    Adopt,
    /// The alias is left where it points, and a Blocker says so.
    #[default]
    Fail,
    /// The alias is made to point to the counterpart: Overwriting.
    Repoint,
}

/// Which copies of single-Region keys become multi-Region primaries.
#[derive(Clone, Debug, Default)]
enum Copies {
    All,
    #[default]
    None,
    Of(BTreeSet<KeyArn>),
}

/// Which keys of the source are moved: all, or those that any of these names.
#[derive(Clone, Debug, Default)]
struct Selection {
    aliases: BTreeSet<AliasName>,
    keys: BTreeSet<KeyArn>,
    tags: BTreeSet<(String, String)>,
    unless: Option<Unless>,
}

/// Brings imported material.
#[derive(Clone)]
struct Brings(Arc<dyn KeyMaterialSource>);

impl fmt::Debug for Brings {
    /// Shows nothing of what it holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Brings(..)")
    }
}

type IsLeft = dyn Fn(&KeyArn, &Key) -> bool + Send + Sync;

/// Tells which keys are not moved, whatever else names them.
#[derive(Clone)]
struct Unless(Arc<IsLeft>);

impl fmt::Debug for Unless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unless(..)")
    }
}

type NewName = dyn Fn(&AliasName) -> Option<AliasName> + Send + Sync;

/// Gives an alias another name in the target.
#[derive(Clone)]
struct Rename(Arc<NewName>);

impl fmt::Debug for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rename(..)")
    }
}

/// Whether a key is moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Selected<'a> {
    No,
    /// It depends on something that could not be read.
    Unclear(&'a Gap),
    Yes,
}

impl Options {
    /// Returns the tags that every counterpart gets.
    pub(crate) fn added_tags(&self) -> impl Iterator<Item = (&String, &String)> {
        self.tags.iter().filter(|(name, _)| !is_reserved_tag(name))
    }

    /// Returns the changes to policies that are allowed, though they can widen access.
    pub(crate) fn allowed(&self) -> impl Iterator<Item = Allowance> {
        self.allowed.iter().copied()
    }

    /// Returns the names of tags that were to be added, and only AWS or a migration may set.
    pub(crate) fn reserved_tags(&self) -> Vec<&str> {
        self.tags.keys().map(String::as_str).filter(|name| is_reserved_tag(name)).collect()
    }

    /// Returns the names of keys and aliases that the caller gave and the source does not have.
    pub(crate) fn not_found<'a>(&'a self, source: &Snapshot) -> BTreeSet<&'a str> {
        let of_copies = if let Copies::Of(keys) = &self.multi_region { Some(keys) } else { None };
        let keys = self.selection.keys.iter().chain(&self.promoted).chain(of_copies.into_iter().flatten());
        let keys = keys.chain(self.xks_keys.keys());
        let keys = keys.filter(|arn| matches!(source.keys.lookup(arn), Lookup::Absent)).map(KeyArn::as_str);
        let names = self.selection.aliases.iter();
        let names = names.filter(|name| matches!(source.aliases.lookup(name), Lookup::Absent)).map(AliasName::as_str);
        keys.chain(names).collect()
    }

    pub(crate) fn makes_multi_region(&self, arn: &KeyArn, key: &Key) -> bool {
        let is_wanted = match &self.multi_region {
            Copies::All => true,
            Copies::None => false,
            Copies::Of(keys) => keys.contains(arn),
        };
        // A key store has no multi-Region keys (developer guide, "Custom key stores").
        is_wanted && key.custom_key_store.is_none()
    }

    /// Returns who brings imported material.
    pub(crate) fn material(&self) -> Option<&dyn KeyMaterialSource> {
        self.material.as_ref().map(|brings| &*brings.0)
    }

    pub(crate) fn brings_material(&self) -> bool {
        self.material.is_some()
    }

    pub(crate) fn has_key_stores(&self) -> bool {
        !self.key_stores.is_empty()
    }

    /// Returns whether it is asked when the source's keys were last used.
    pub(crate) fn asks_last_use(&self) -> bool {
        self.last_use
    }

    /// Returns the key store of the target that stands for one of the source.
    pub(crate) fn key_store(&self, source: &str) -> Option<&String> {
        self.key_stores.get(source)
    }

    /// Returns the key of an external key manager that is to stand behind the copy of a key.
    pub(crate) fn xks_key(&self, key: &KeyArn) -> Option<&str> {
        self.xks_keys.get(key).map(String::as_str)
    }

    /// Returns whether the replica that a key has or gets in the target is to become the primary.
    pub(crate) fn promotes(&self, key: &KeyArn) -> bool {
        self.promoted.contains(key)
    }

    /// Returns the name that an alias gets in the target where its own is another key's, if the caller gives it one.
    pub(crate) fn new_name(&self, name: &AliasName) -> Option<AliasName> {
        self.rename.as_ref().and_then(|rename| (rename.0)(name))
    }

    /// Returns whether a key of the source is moved.
    pub(crate) fn selects<'a>(&self, arn: &KeyArn, key: &Key, source: &'a Snapshot) -> Selected<'a> {
        let Selection { aliases, keys, tags, unless } = &self.selection;
        if unless.as_ref().is_some_and(|unless| (unless.0)(arn, key)) {
            return Selected::No;
        }
        if aliases.is_empty() && keys.is_empty() && tags.is_empty() || keys.contains(arn) {
            return Selected::Yes;
        }
        let mut unclear = None;
        for name in aliases {
            match source.aliases.lookup(name) {
                Lookup::Present(alias) if alias.key == *arn => return Selected::Yes,
                Lookup::Unknown(gap) => unclear = Some(gap),
                Lookup::Absent | Lookup::Present(_) => {}
            }
        }
        if !tags.is_empty() {
            match source.tags.lookup(arn) {
                Lookup::Present(own) if tags.iter().any(|(name, value)| own.get(name) == Some(value)) => {
                    return Selected::Yes;
                }
                Lookup::Unknown(gap) => unclear = Some(gap),
                Lookup::Absent | Lookup::Present(_) => {}
            }
        }
        unclear.map_or(Selected::No, Selected::Unclear)
    }
}

impl Kms {
    /// Adds a tag to the counterpart of every key, in place of one of that name.
    #[must_use]
    pub fn add_tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(|options| {
            options.tags.insert(name.into(), value.into());
        });
        self
    }

    /// Makes the copies of single-Region keys multi-Region primaries, so that the next region can have replicas of
    /// them. That can never be changed for a key that is there already.
    #[must_use]
    pub fn as_multi_region(mut self) -> Self {
        self.set(|options| options.multi_region = Copies::All);
        self
    }

    /// The same, for the copies of these keys of the source only.
    #[must_use]
    pub fn as_multi_region_of(mut self, keys: impl IntoIterator<Item = KeyArn>) -> Self {
        self.set(|options| options.multi_region = Copies::Of(keys.into_iter().collect()));
        self
    }

    /// Asks the Resource Groups Tagging API, too, which tags keys of the target have.
    ///
    /// Where somebody else's key policy refuses `kms:ListResourceTags`, a key may be a copy, and none is made of any key of
    /// its kind. One that the tagging API shows with tags, and without our mark, is taken for somebody else's, once it is
    /// half an hour old; a mark that it shows counts as any does. That it does not show a key says nothing, since it lists
    /// only what is or was tagged, and is late. Which tags to change, only KMS is asked. Surveys, verifications and the steps
    /// that make keys ask it; needs `tag:GetResources`.
    #[must_use]
    pub fn ask_tagging_api(mut self) -> Self {
        self.set(|options| options.tagging_api = true);
        self
    }

    /// Brings the material of keys whose material was imported, which KMS never gives back. Without this, and for what
    /// `source` does not have, the plan waits for a person, or a program that performs the task `kms.import-material`.
    #[must_use]
    pub fn bring_material(mut self, source: impl KeyMaterialSource + 'static) -> Self {
        self.set(|options| options.material = Some(Brings(Arc::new(source))));
        self
    }

    /// Allows a change to key policies that can widen access, and is not made otherwise: what it would change is pointed at.
    ///
    /// CloudWatch Logs, for one, uses keys as the service of one region, so that key policies name `logs.eu-west-1.amazonaws.com`:
    /// with [`Allowance::ServicePrincipal`] they name that of the target, there.
    ///
    /// ```
    /// # let access = regionmig_aws::Access::new(&aws_types::SdkConfig::builder().build());
    /// use regionmig_core::rewrite::Allowance;
    /// use regionmig_kms::Kms;
    ///
    /// let kms = Kms::new(&access).dangerously_allow(Allowance::ServicePrincipal);
    /// # let _ = kms;
    /// ```
    #[must_use]
    pub fn dangerously_allow(mut self, allowance: Allowance) -> Self {
        self.set(|options| {
            options.allowed.insert(allowance);
        });
        self
    }

    /// Has the copies of keys in one custom key store of the source made in another of the target, which must be
    /// connected. Without this, keys in custom key stores are not moved.
    #[must_use]
    pub fn map_key_store(mut self, source: impl Into<String>, target: impl Into<String>) -> Self {
        self.set(|options| {
            options.key_stores.insert(source.into(), target.into());
        });
        self
    }

    /// Says which key of the external key manager (`XksKeyId`) is to stand behind the copy of a key in an external key
    /// store. Each may stand behind one KMS key.
    #[must_use]
    pub fn map_xks_key(mut self, key: &KeyArn, xks_key: impl Into<String>) -> Self {
        self.set(|options| {
            options.xks_keys.insert(key.clone(), xks_key.into());
        });
        self
    }

    /// Says what is done about an alias whose name another customer's key has in the target, where
    /// [`Kms::rename_on_alias_conflict`] gives it no other.
    #[must_use]
    pub fn on_alias_conflict(mut self, conflict: AliasConflict) -> Self {
        self.set(|options| options.alias_conflict = conflict);
        self
    }

    /// Moves these keys of the source only, and those that other `only_..` name.
    #[must_use]
    pub fn only(mut self, keys: impl IntoIterator<Item = KeyArn>) -> Self {
        self.set(|options| options.selection.keys.extend(keys));
        self
    }

    /// Moves only the keys to which these aliases point in the source, and those that other `only_..` name.
    #[must_use]
    pub fn only_aliased(mut self, names: impl IntoIterator<Item = AliasName>) -> Self {
        self.set(|options| options.selection.aliases.extend(names));
        self
    }

    /// Moves only the keys that have this tag in the source, and those that other `only_..` name.
    #[must_use]
    pub fn only_tagged(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(|options| {
            options.selection.tags.insert((name.into(), value.into()));
        });
        self
    }

    /// Has the replicas of these multi-Region primaries of the source become the primaries: on request only, since the
    /// key of the source is a replica from then on. Overwriting.
    ///
    /// The request goes to the region that has the primary. One that does not answer any more cannot be asked: its
    /// replicas go on working, but no new ones can be made, and rotation cannot be changed.
    #[must_use]
    pub fn promote(mut self, keys: impl IntoIterator<Item = KeyArn>) -> Self {
        self.set(|options| options.promoted.extend(keys));
        self
    }

    /// Gives an alias whose name another customer's key has in the target another name there, the one that `rename`
    /// returns. If it returns none, [`Kms::on_alias_conflict`] holds.
    ///
    /// The name is decided on by planning, and stands in the plan. Asked by planning and by verifying, of names that are in
    /// the target, `rename` must say the same of the same name. What the map of identifiers says already is not asked.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let access = regionmig_aws::Access::new(&aws_types::SdkConfig::builder().build());
    /// use regionmig_kms::Kms;
    ///
    /// let kms = Kms::new(&access).rename_on_alias_conflict(|name| format!("{name}-from-me-central-1").parse().ok());
    /// # let _ = kms; Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn rename_on_alias_conflict(
        mut self,
        rename: impl Fn(&AliasName) -> Option<AliasName> + Send + Sync + 'static,
    ) -> Self {
        self.set(|options| options.rename = Some(Rename(Arc::new(rename))));
        self
    }

    /// Moves none of the keys of which `is_left` says that they are left, whatever else names them. Asked by planning and
    /// by verifying, it must say the same of the same key.
    #[must_use]
    pub fn unless(mut self, is_left: impl Fn(&KeyArn, &Key) -> bool + Send + Sync + 'static) -> Self {
        self.set(|options| options.selection.unless = Some(Unless(Arc::new(is_left))));
        self
    }

    /// Asks, too, when each customer's key of the source was last used, by `GetKeyLastUsage`, and says so in the plan, as far
    /// as KMS knew at the survey: it may learn late of a use, so that none is known is no proof that nothing must be
    /// encrypted anew. A verification then has the check `kms.source-idle`, that the key was not used any more since its
    /// counterpart was made.
    ///
    /// KMS answers five such requests a second: some minutes for a thousand keys.
    // REQ: KMS-25
    #[must_use]
    pub fn with_last_use(mut self) -> Self {
        self.set(|options| options.last_use = true);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, Entry, SOURCE, arn, gap};

    fn selected<'a>(case: &'a Case, kms: &Kms, id: &str) -> Selected<'a> {
        let source = &case.survey.source.value;
        let Lookup::Present(key) = source.keys.lookup(&arn(SOURCE, id)) else { panic!("no {id}") };
        kms.options().selects(&arn(SOURCE, id), key, source)
    }

    #[test]
    fn keys_are_named_by_id_alias_or_tag() {
        let kms = || Kms::new(&regionmig_aws::Access::new(&aws_types::SdkConfig::builder().build()));
        let case = Case::new()
            .source("a", Entry::new().alias("alias/a").tag("Team", "x"))
            .source("b", Entry::new().tag("Team", "y"))
            .source("c", Entry::new());
        let of = |kms: Kms| ["a", "b", "c"].map(|id| selected(&case, &kms, id) == Selected::Yes);
        assert_eq!(of(kms()), [true; 3]);
        assert_eq!(of(kms().only([arn(SOURCE, "c")])), [false, false, true]);
        assert_eq!(of(kms().only_aliased(["alias/a".parse().unwrap()])), [true, false, false]);
        assert_eq!(of(kms().only_tagged("Team", "y")), [false, true, false]);
        assert_eq!(of(kms().only_tagged("Team", "y").only([arn(SOURCE, "c")])), [false, true, true]);
        assert_eq!(of(kms().unless(|arn, _| arn.id() == "a")), [false, true, true]);
        assert_eq!(of(kms().only([arn(SOURCE, "a")]).unless(|arn, _| arn.id() == "a")), [false; 3]);
        // What could not be read may name it.
        let gap = gap();
        let unread = case.clone().edit(|source, _| source.tags.insert(arn(SOURCE, "b"), Err(gap.clone())));
        assert_eq!(selected(&unread, &kms().only_tagged("Team", "y"), "b"), Selected::Unclear(&gap));
        assert_eq!(selected(&unread, &kms().only([arn(SOURCE, "b")]), "b"), Selected::Yes);
        let unread = case.edit(|source, _| source.aliases.insert("alias/a".parse().unwrap(), Err(gap.clone())));
        assert_eq!(selected(&unread, &kms().only_aliased(["alias/a".parse().unwrap()]), "c"), Selected::Unclear(&gap));
    }
}
