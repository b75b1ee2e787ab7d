//! Several keyrings that count as one.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::keyring::{DataKey, EncryptedDataKey, Keyring, KeyringError, NewDataKey};
use super::suite::Suite;
use crate::reencrypt::EncryptionContext;
use crate::secret::Secret;

/// Several keyrings that count as one: the first makes the data keys, the others encrypt them as well, and any of them may open one.
///
/// With the target's first and the source's second, a message can be opened in both regions while applications move.
#[derive(Clone)]
pub struct Keyrings {
    first: Arc<dyn Keyring>,
    others: Vec<Arc<dyn Keyring>>,
}

impl Keyrings {
    /// Begins with the one that makes the data keys.
    pub fn new(first: impl Keyring + 'static) -> Self {
        Self { first: Arc::new(first), others: Vec::new() }
    }

    /// Adds one.
    #[must_use]
    pub fn and(mut self, other: impl Keyring + 'static) -> Self {
        self.others.push(Arc::new(other));
        self
    }
}

#[async_trait]
impl Keyring for Keyrings {
    async fn decrypt_data_key(
        &self,
        suite: Suite,
        context: &EncryptionContext,
        encrypted: &[EncryptedDataKey],
    ) -> Result<DataKey, KeyringError> {
        let mut failed = match self.first.decrypt_data_key(suite, context, encrypted).await {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        for other in &self.others {
            match other.decrypt_data_key(suite, context, encrypted).await {
                Ok(opened) => return Ok(opened),
                // Of several failures, one that will pass says more than that a key is not there.
                Err(error) if error.is_passing() || !failed.is_passing() => failed = error,
                Err(_) => {}
            }
        }
        Err(failed)
    }

    async fn generate_data_key(&self, suite: Suite, context: &EncryptionContext) -> Result<NewDataKey, KeyringError> {
        let mut made = self.first.generate_data_key(suite, context).await?;
        for other in &self.others {
            made.encrypted.extend(other.encrypt_data_key(suite, context, &made.plaintext).await?);
        }
        Ok(made)
    }

    async fn encrypt_data_key(
        &self,
        suite: Suite,
        context: &EncryptionContext,
        plaintext: &Secret<Vec<u8>>,
    ) -> Result<Vec<EncryptedDataKey>, KeyringError> {
        let mut encrypted = self.first.encrypt_data_key(suite, context, plaintext).await?;
        for other in &self.others {
            encrypted.extend(other.encrypt_data_key(suite, context, plaintext).await?);
        }
        Ok(encrypted)
    }
}

impl fmt::Debug for Keyrings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyrings").field("count", &(1 + self.others.len())).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::error::{Classify, ErrorKind};

    #[derive(Debug, thiserror::Error)]
    #[error("no")]
    struct No(ErrorKind);

    impl Classify for No {
        fn kind(&self) -> ErrorKind {
            self.0
        }
    }

    /// A keyring that opens or fails, and counts.
    #[derive(Clone)]
    struct Fake(&'static str, Result<u8, ErrorKind>, Arc<AtomicUsize>);

    impl Fake {
        fn new(name: &'static str, opens: Result<u8, ErrorKind>) -> Self {
            Self(name, opens, Arc::default())
        }

        fn answer(&self) -> Result<Secret<Vec<u8>>, KeyringError> {
            self.2.fetch_add(1, Ordering::Relaxed);
            self.1.map(|byte| Secret::new(vec![byte])).map_err(|kind| KeyringError::new(self.0, No(kind)))
        }

        fn asked(&self) -> usize {
            self.2.load(Ordering::Relaxed)
        }
    }

    #[async_trait]
    impl Keyring for Fake {
        async fn decrypt_data_key(
            &self,
            _: Suite,
            _: &EncryptionContext,
            _: &[EncryptedDataKey],
        ) -> Result<DataKey, KeyringError> {
            self.answer().map(|plaintext| DataKey::new(plaintext, None))
        }

        async fn generate_data_key(&self, _: Suite, _: &EncryptionContext) -> Result<NewDataKey, KeyringError> {
            self.answer().map(|plaintext| NewDataKey::new(plaintext, vec![EncryptedDataKey::new(self.0, "", "made")]))
        }

        async fn encrypt_data_key(
            &self,
            _: Suite,
            _: &EncryptionContext,
            plaintext: &Secret<Vec<u8>>,
        ) -> Result<Vec<EncryptedDataKey>, KeyringError> {
            self.answer().map(|_| vec![EncryptedDataKey::new(self.0, "", plaintext.expose().clone())])
        }
    }

    async fn opened(keyrings: &Keyrings) -> Result<u8, String> {
        let opened = keyrings.decrypt_data_key(Suite::Committing, &EncryptionContext::new(), &[]).await;
        opened.map(|it| it.plaintext.expose()[0]).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_first_that_opens_does_and_no_other_is_asked() {
        let no = ErrorKind::Invalid;
        let (one, two, three) = (Fake::new("1", Err(no)), Fake::new("2", Ok(2)), Fake::new("3", Ok(3)));
        let keyrings = Keyrings::new(one.clone()).and(two.clone()).and(three.clone());
        assert_eq!(opened(&keyrings).await, Ok(2));
        assert_eq!((one.asked(), two.asked(), three.asked()), (1, 1, 0));
        assert_eq!(opened(&Keyrings::new(three.clone()).and(one.clone())).await, Ok(3));
        assert_eq!(one.asked(), 1);
        assert_eq!(format!("{keyrings:?}"), "Keyrings { count: 3, .. }");
    }

    #[tokio::test]
    async fn of_several_failures_one_that_will_pass_is_told() {
        let (passing, lasting) = (ErrorKind::Throttle, ErrorKind::Invalid);
        for (kinds, told) in [
            ([passing, lasting, lasting], "1"),
            ([lasting, passing, lasting], "2"),
            ([passing, passing, lasting], "2"),
            ([lasting, lasting, passing], "3"),
            ([lasting, lasting, lasting], "3"),
        ] {
            let [one, two, three] = kinds.map(Err);
            let keyrings = Keyrings::new(Fake::new("1", one)).and(Fake::new("2", two)).and(Fake::new("3", three));
            assert_eq!(opened(&keyrings).await, Err(told.to_owned()), "{kinds:?}");
        }
    }

    #[tokio::test]
    async fn the_first_makes_the_data_key_and_all_encrypt_it() -> Result<(), KeyringError> {
        let keyrings = || Keyrings::new(Fake::new("1", Ok(1))).and(Fake::new("2", Ok(2))).and(Fake::new("3", Ok(3)));
        let (suite, context) = (Suite::Committing, EncryptionContext::new());
        let made = keyrings().generate_data_key(suite, &context).await?;
        let key = |name, bytes: &[u8]| EncryptedDataKey::new(name, "", bytes);
        assert_eq!(made.plaintext.expose(), &[1]);
        assert_eq!(made.encrypted, [key("1", b"made"), key("2", &[1]), key("3", &[1])]);
        let encrypted = keyrings().encrypt_data_key(suite, &context, &Secret::new(vec![9])).await?;
        assert_eq!(encrypted, [key("1", &[9]), key("2", &[9]), key("3", &[9])]);
        let failing = keyrings().and(Fake::new("4", Err(ErrorKind::Invalid)));
        assert!(failing.generate_data_key(suite, &context).await.is_err());
        assert!(failing.encrypt_data_key(suite, &context, &Secret::new(vec![9])).await.is_err());
        Ok(())
    }
}
