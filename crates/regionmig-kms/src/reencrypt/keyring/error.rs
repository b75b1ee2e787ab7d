//! That no data key of a message opened.

use std::sync::Arc;

use regionmig_aws::Error;
use regionmig_core::reencrypt::message::EncryptedDataKey;
use regionmig_core::{Classify, End, ErrorKind, KeyArn};

/// So many of a message's keys are named, each by so many characters: it may hold very many.
const NAMED: usize = 8;
const CHARACTERS: usize = 160;

/// No data key of a message opened. It may be that none is under a key that was configured.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(super) struct NotOpened {
    text: String,
    #[source]
    failure: Option<Arc<Error>>,
}

impl NotOpened {
    pub(super) fn new<'a>(
        encrypted: &[EncryptedDataKey],
        configured: impl Iterator<Item = &'a KeyArn>,
        failure: Option<Arc<Error>>,
    ) -> Self {
        let configured: Vec<&str> = configured.map(KeyArn::as_str).collect();
        let configured = configured.join(", ");
        let of = named(encrypted);
        let text = match &failure {
            Some(_) => format!("of the message's data keys ({of}) none opened by {configured}"),
            None => format!(
                "none of the message's data keys ({of}) is under {configured}: no other key is asked, so configure the one that is meant"
            ),
        };
        Self { text, failure }
    }
}

impl Classify for NotOpened {
    fn kind(&self) -> ErrorKind {
        self.failure.as_ref().map_or(ErrorKind::Invalid, |failure| failure.kind())
    }

    fn action(&self) -> Option<&str> {
        self.failure.as_ref()?.action()
    }

    fn code(&self) -> Option<&str> {
        self.failure.as_ref()?.code()
    }

    fn end(&self) -> Option<&End> {
        self.failure.as_ref()?.end()
    }

    fn request_id(&self) -> Option<&str> {
        self.failure.as_ref()?.request_id()
    }
}

/// Says who can open a message, in what a person may read: the message may come from anybody.
fn named(encrypted: &[EncryptedDataKey]) -> String {
    let short = |text: &str| text.escape_debug().take(CHARACTERS).collect::<String>();
    let name = |one: &EncryptedDataKey| match (one.key(), str::from_utf8(&one.info)) {
        (Some(key), _) => short(key.as_str()),
        (None, Ok(info)) if info.chars().all(|c| !c.is_control()) => {
            format!("{} {}", short(&one.provider), short(info))
        }
        // What raw keyrings keep there is no text.
        _ => short(&one.provider),
    };
    let names: Vec<String> = encrypted.iter().take(NAMED).map(name).collect();
    match encrypted.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_open_a_message_is_said_in_few_words_whatever_it_holds() {
        let key: KeyArn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd".parse().expect("an ARN");
        let many = EncryptedDataKey::new("aws-kms", vec![b'x'; 65_535], vec![0; 65_535]);
        let raw = EncryptedDataKey::new("mine\u{1b}[2J", [b'k', 0, 0, 0, 128], []);
        let encrypted: Vec<_> = [raw].into_iter().chain(std::iter::repeat_n(many, 60)).collect();
        let text = NotOpened::new(&encrypted, [&key].into_iter(), None).to_string();
        assert!(text.len() < 2000 && text.contains("and 53 more") && text.contains(key.as_str()), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains('\0') && text.contains("mine"), "{text}");
        // What a keyring keeps beside its name is told where it is text, and where it is not, it is left out.
        let raw = |info: &[u8]| named(&[EncryptedDataKey::new("mine", info, [])]);
        assert_eq!((raw(b"a key").as_str(), raw(b"a key\0\x10").as_str()), ("mine a key", "mine"));
    }

    #[test]
    fn why_a_key_did_not_open_it_is_told_as_that_key_tells_it() {
        let end: End = "111122223333/eu-central-1".parse().expect("an end");
        let failure = Error::unexpected("kms:Decrypt", "another key answered").at(&end);
        let error = NotOpened::new(&[], std::iter::empty(), Some(Arc::new(failure)));
        assert_eq!((Classify::kind(&error), Classify::action(&error)), (ErrorKind::Unexpected, Some("kms:Decrypt")));
        assert_eq!((Classify::end(&error), Classify::code(&error)), (Some(&end), None));
        let none = NotOpened::new(&[], std::iter::empty(), None);
        assert_eq!((Classify::kind(&none), Classify::action(&none), none.end()), (ErrorKind::Invalid, None, None));
    }
}
