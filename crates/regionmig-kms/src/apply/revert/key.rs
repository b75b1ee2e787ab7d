//! Takes back keys that were made.

use aws_sdk_kms::Client;
use regionmig_aws::{Error, pages};
use regionmig_core::{AliasName, End, ErrorKind, KeyArn, SOURCE_MARK, Side, StepContext, source_mark};

use super::Taken;
use crate::apply::is_of_state;
use crate::service::Kms;
use crate::snapshot::{Key, KeyState, LastUse, MultiRegionRole};
use crate::step::GRANT_PREFIX;

/// For how long a deletion can still be cancelled: the longest that KMS takes.
const WINDOW_DAYS: i32 = 30;

impl Kms {
    /// Has the key deleted if it was never used, and else disables it: what was encrypted under it would be lost.
    ///
    /// A key to be deleted is of no use either, and until then its deletion can be cancelled: nothing is lost by a use that
    /// comes between look and request, as long as somebody asks for it within these days.
    pub(super) async fn take_back_key(
        &self,
        source: &KeyArn,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        let end = cx.end(Side::Target);
        let (_, key) = self.describe(end, target.as_str()).await?;
        if key.is_doomed() {
            return Ok(Taken::Now);
        }
        if matches!(key.state, KeyState::Creating | KeyState::Updating) {
            return Err(Error::new(ErrorKind::Unavailable, format!("{target} is in the state {}", key.state)));
        }
        if let Some((what, action)) = self.claimed(source, target, &key, end).await? {
            let text = format!("{target} was made, but {what}: it stays");
            return Err(Error::new(ErrorKind::Conflict, text).by(action).at(end));
        }
        match self.why_not_unused(target, end).await? {
            None => self.schedule_deletion(target, cx).await,
            Some(why) => self.put_aside(target, &key, why, cx).await,
        }
    }

    /// Says how another hand has made the key its own, if so.
    async fn claimed(
        &self,
        source: &KeyArn,
        target: &KeyArn,
        key: &Key,
        end: &End,
    ) -> Result<Option<(String, &'static str)>, Error> {
        let replica = key.multi_region.as_ref().filter(|related| related.role == MultiRegionRole::Primary);
        if let Some(replica) = replica.and_then(|related| related.replicas.first()) {
            return Ok(Some((format!("{replica} is a replica of it"), "kms:DescribeKey")));
        }
        let tags = self.key_tags(end, target).await?;
        if tags.get(SOURCE_MARK) != Some(&source_mark(source.as_str())) {
            return Ok(Some((format!("the tag {SOURCE_MARK} was taken off it"), "kms:ListResourceTags")));
        }
        if let Some(name) = self.alias_of(target, end).await? {
            return Ok(Some((format!("{name} points to it"), "kms:ListAliases")));
        }
        // Ours were revoked before, which may not show yet.
        let is_foreign = |name: Option<&String>| name.is_none_or(|name| !name.starts_with(GRANT_PREFIX));
        let grants = self.key_grants(end, target).await?;
        let grant = grants.iter().find(|grant| is_foreign(grant.name.as_ref()));
        Ok(grant.map(|grant| (format!("the grant {} to {} uses it", grant.id, grant.terms.grantee), "kms:ListGrants")))
    }

    /// Returns an alias of the key, seen by two reads: one that was deleted may still be listed.
    async fn alias_of(&self, target: &KeyArn, end: &End) -> Result<Option<AliasName>, Error> {
        const ACTION: &str = "kms:ListAliases";
        let send = |marker: Option<String>| {
            let key = target.as_str();
            self.clients().read(end, ACTION, move |client: Client| {
                client.list_aliases().key_id(key).limit(100).set_marker(marker).send()
            })
        };
        let mut names: Vec<AliasName> = Vec::new();
        let read = pages(ACTION, send, |page| page.next_marker.clone().filter(|_| page.truncated)).each(|page| {
            for entry in page.aliases() {
                names.push(entry.alias_name().unwrap_or_default().parse()?);
            }
            crate::read::whole(ACTION, page.truncated, page.next_marker.as_deref())
        });
        read.await.map_err(|gap| crate::read::broken(ACTION, end, gap))?;
        for name in names {
            match self.describe(end, name.as_str()).await {
                Ok((key, _)) if key == *target => return Ok(Some(name)),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Says why it is not proved that the key was never used; nothing, if it is.
    ///
    /// It is if no use is known and KMS has kept track since the key was made (API reference, GetKeyLastUsage).
    pub(super) async fn why_not_unused(&self, target: &KeyArn, end: &End) -> Result<Option<Error>, Error> {
        let last = match self.key_last_use(end, target).await {
            Ok(last) => last,
            Err(error) if error.kind().is_passing() => return Err(error),
            Err(error) => match error.kind() {
                ErrorKind::Cancel | ErrorKind::Credentials | ErrorKind::NotFound => return Err(error),
                _ => return Ok(Some(error)),
            },
        };
        let because = |text: &str| Ok(Some(Error::new(ErrorKind::Conflict, text).by("kms:GetKeyLastUsage").at(end)));
        match last {
            LastUse { used: Some(_), .. } => because("it was used"),
            LastUse { whole: true, .. } => Ok(None),
            _ => because("its use was not kept track of since it was made"),
        }
    }

    async fn schedule_deletion(&self, target: &KeyArn, cx: &StepContext<'_>) -> Result<Taken, Error> {
        let end = cx.end(Side::Target);
        let send = |client: Client| {
            client.schedule_key_deletion().key_id(target.as_str()).pending_window_in_days(WINDOW_DAYS).send()
        };
        match self.clients().write(end, "kms:ScheduleKeyDeletion", send).await {
            // Refused for its state, it may be about to be deleted already.
            Err(error) if is_of_state(&error) => match self.describe(end, target.as_str()).await {
                Ok((_, key)) if key.is_doomed() => Ok(Taken::Now),
                _ => Err(self.refused(error, target, cx).await),
            },
            sent => self.ended(sent, target, cx).await,
        }
    }

    /// Disables a key that may have been used, and leaves the rest to a person.
    async fn put_aside(&self, target: &KeyArn, key: &Key, why: Error, cx: &StepContext<'_>) -> Result<Taken, Error> {
        let end = cx.end(Side::Target);
        if key.state == KeyState::Enabled {
            let send = |client: Client| client.disable_key().key_id(target.as_str()).send();
            self.ended(self.clients().write(end, "kms:DisableKey", send).await, target, cx).await?;
        }
        let text = format!(
            "{target} is disabled and not deleted, since it may be needed to decrypt; if it is not, schedule its deletion \
             and revert again"
        );
        Err(Error::new(ErrorKind::Conflict, text).at(end).because(why))
    }
}
