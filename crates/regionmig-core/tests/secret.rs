//! A secret cannot be shown, stored, copied or compared: what would do so does not compile.
// REQ: E-31

use std::fmt::{Debug, Display};
use std::hash::Hash;

use regionmig_core::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;

type Key = Secret<Vec<u8>>;

/// Compiles only if the type does not have the trait: else two impls fit, and neither is chosen.
macro_rules! has_not {
    ($type:ty: $($bound:tt)+) => {
        const _: fn() = || {
            trait Ambiguous<A> { fn choose() {} }
            impl<T: ?Sized> Ambiguous<()> for T {}
            struct Has;
            impl<T: ?Sized + $($bound)+> Ambiguous<Has> for T {}
            <$type as Ambiguous<_>>::choose();
        };
    };
}

has_not!(Key: Debug);
has_not!(Key: Display);
has_not!(Key: ToString);
has_not!(Key: Serialize);
has_not!(Key: DeserializeOwned);
has_not!(Key: Clone);
has_not!(Key: Copy);
has_not!(Key: PartialEq);
has_not!(Key: PartialOrd);
has_not!(Key: Hash);
has_not!(Key: AsRef<[u8]>);
has_not!(Key: std::ops::Deref);
has_not!(Key: std::borrow::Borrow<[u8]>);
has_not!(Key: Into<Vec<u8>>);
has_not!(Key: IntoIterator);
has_not!(Option<Key>: Debug);
has_not!(Vec<Key>: Serialize);

#[test]
fn a_secret_is_lent_and_not_given() {
    let secret: Key = vec![7, 8].into();
    assert_eq!(secret.expose(), &[7, 8]);
}
