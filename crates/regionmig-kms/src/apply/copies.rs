//! Copies in the target that the survey did not see: of an earlier run, or of a request whose answer was lost.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt};
use regionmig_aws::Error;
use regionmig_core::{End, ErrorKind, ErrorReport, KeyArn, Listing, ResourceId, SOURCE_MARK, Side, StepContext};

use crate::material::EmptyKey;
use crate::service::Kms;
use crate::snapshot::{Key, shown_tags};

const AT_ONCE: usize = 8;

/// What was made in the target since the survey, of the kind that this crate makes.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// Those that are marked, by what the mark says; the oldest first.
    pub(super) marked: BTreeMap<String, Vec<(KeyArn, Key)>>,
    /// Those whose tags cannot be read, and why.
    pub(super) murky: Vec<(KeyArn, Key, ErrorReport)>,
    /// Those that bear no mark: somebody else's, or too young to show it.
    pub(super) unmarked: Vec<(KeyArn, Key)>,
    /// Those that are listed and cannot be read yet.
    pub(super) unseen: Vec<KeyArn>,
}

enum Seen {
    Copy(Box<Key>, Option<String>),
    Murky(Box<Key>, Error),
    Other,
    Unseen,
}

impl Copies {
    /// Believes what the tagging API shows of keys whose tags cannot be read. Of what it does not show, or shows without any
    /// tags, nothing is known.
    fn clear_by(&mut self, tagged: &Listing<KeyArn, BTreeMap<String, String>>) {
        for (arn, key, error) in std::mem::take(&mut self.murky) {
            match shown_tags(tagged, &arn).map(|tags| tags.get(SOURCE_MARK)) {
                Some(Some(mark)) => self.marked.entry(mark.clone()).or_default().push((arn, key)),
                Some(None) => self.unmarked.push((arn, key)),
                None => self.murky.push((arn, key, error)),
            }
        }
    }
}

impl Kms {
    /// Lists all keys and examines those that the survey did not see, and that no step of the plan has become: each of these
    /// is the copy of one key, and what is looked for is the copy of another. So a step in doubt costs a listing every few
    /// seconds, however many keys the run has made.
    ///
    /// Fails if a page could not be read, or if one of them could not be described: it may be the copy.
    pub(super) async fn copies(&self, cx: &StepContext<'_>) -> Result<Copies, Error> {
        let end = cx.end(Side::Target);
        let (listed, gap) = self.list_keys(end).await;
        if let Some(gap) = gap {
            let error = Error::new(gap.error.kind, "not all keys could be listed").by("kms:ListKeys").at(end);
            return Err(error.because(gap.to_string()));
        }
        let is_new = |arn: &KeyArn| !cx.known().contains(&ResourceId::of(arn)) && !is_bound(arn, cx);
        let new: Vec<KeyArn> = listed.into_iter().filter(is_new).collect();
        let examine = |arn: KeyArn| async move {
            let seen = self.examine(end, &arn).await;
            (arn, seen)
        };
        let examined: Vec<_> = stream::iter(new).map(examine).buffer_unordered(AT_ONCE).collect().await;
        let mut copies = Copies::default();
        for (arn, seen) in examined {
            match seen? {
                Seen::Copy(key, Some(mark)) => copies.marked.entry(mark).or_default().push((arn, *key)),
                Seen::Copy(key, None) => copies.unmarked.push((arn, *key)),
                Seen::Murky(key, error) => copies.murky.push((arn, *key, ErrorReport::new(&error))),
                Seen::Other => {}
                Seen::Unseen => copies.unseen.push(arn),
            }
        }
        if self.options().tagging_api && !copies.murky.is_empty() {
            copies.clear_by(&self.list_tagged(end).await);
        }
        copies.marked.values_mut().for_each(|keys| keys.sort_by(|(a, x), (b, y)| (x.created, a).cmp(&(y.created, b))));
        copies.unmarked.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(copies)
    }

    async fn examine(&self, end: &End, arn: &KeyArn) -> Result<Seen, Error> {
        let key = match self.describe(end, arn.as_str()).await {
            Ok((_, key)) => key,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Seen::Unseen),
            Err(error) => return Err(error),
        };
        if !key.is_customers() || key.is_replica() || key.is_doomed() {
            return Ok(Seen::Other);
        }
        match self.key_tags(end, arn).await {
            Ok(mut tags) => Ok(Seen::Copy(Box::new(key), tags.remove(SOURCE_MARK))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Seen::Unseen),
            Err(error) if error.kind().is_passing() || error.kind() == ErrorKind::Credentials => Err(error),
            Err(error) => Ok(Seen::Murky(Box::new(key), error)),
        }
    }
}

/// Returns whether a step has become the key, with its material or waiting for it.
fn is_bound(arn: &KeyArn, cx: &StepContext<'_>) -> bool {
    cx.is_bound(arn) || cx.is_bound(&EmptyKey(arn.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Entry, TARGET, arn};

    #[test]
    fn only_tags_that_are_shown_tell_a_copy_from_anothers_key() {
        let error = Error::new(ErrorKind::AccessDenied, "not allowed");
        let murky = |id: &str| (arn(TARGET, id), Entry::new().key, ErrorReport::new(&error));
        let keys = ["marked", "other", "bare", "not-shown"];
        let mut copies = Copies { murky: keys.map(murky).into(), ..Copies::default() };
        let mut tagged = Listing::default();
        let tag = |name: &str| BTreeMap::from([(name.to_owned(), "x".to_owned())]);
        tagged.insert(arn(TARGET, "marked"), Ok(tag(SOURCE_MARK)));
        tagged.insert(arn(TARGET, "other"), Ok(tag("Owner")));
        tagged.insert(arn(TARGET, "bare"), Ok(BTreeMap::new()));
        copies.clear_by(&tagged);
        assert_eq!(copies.marked["x"][0].0, arn(TARGET, "marked"));
        assert_eq!(copies.unmarked.iter().map(|(arn, _)| arn.id()).collect::<Vec<_>>(), ["other"]);
        assert_eq!(copies.murky.iter().map(|(arn, ..)| arn.id()).collect::<Vec<_>>(), ["bare", "not-shown"]);
    }
}
