//! Values that must not leave memory.
// REQ: E-31

use zeroize::Zeroize;

/// A value that is wiped when dropped, and that cannot be printed, cloned, compared or stored.
///
/// It has no `Debug`, no `Display`, no `Serialize` and no `Clone`: a plan, journal, log or error
/// that holds one does not compile. What is copied out of it by [`expose`](Self::expose) is the
/// caller's to guard. Buffers inside the SDK and the operating system's swap are beyond its reach.
///
/// ```
/// use regionmig_core::Secret;
/// let key = Secret::new(vec![7_u8; 32]);
/// assert_eq!(key.expose().len(), 32);
/// ```
///
/// ```compile_fail,E0277
/// let key = regionmig_core::Secret::new(vec![7_u8; 32]);
/// format!("{key:?}");
/// ```
///
/// ```compile_fail,E0277
/// #[derive(serde::Serialize)]
/// struct ImportKey {
///     material: regionmig_core::Secret<Vec<u8>>,
/// }
/// ```
#[expect(missing_debug_implementations, reason = "a secret is never shown")]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes `value` into safe keeping.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Lends the value.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Lends the value, to be filled in place: a buffer that grows would leave copies behind.
    pub const fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    struct Witness(Arc<AtomicBool>);
    impl Zeroize for Witness {
        fn zeroize(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_secret_is_wiped_when_dropped() {
        let wiped = Arc::new(AtomicBool::new(false));
        let secret = Secret::from(Witness(Arc::clone(&wiped)));
        assert!(!secret.expose().0.load(Ordering::SeqCst));
        drop(secret);
        assert!(wiped.load(Ordering::SeqCst));
    }

    #[test]
    fn a_secret_can_be_filled_in_place() {
        let mut secret = Secret::new([0_u8; 2]);
        secret.expose_mut()[1] = 9;
        assert_eq!(secret.expose(), &[0, 9]);
    }
}
