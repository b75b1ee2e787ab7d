//! What a typed identifier is, and how one is made.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ids::ResourceId;

/// A typed identifier of one kind of resource, such as a key's ARN.
///
/// [`identifier!`](crate::identifier) makes one. The well-known ones live in the core, so that a
/// crate can refer to another service's resources without depending on that service's crate.
pub trait Identifier:
    Clone + fmt::Debug + fmt::Display + FromStr + Ord + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Names the kind, for example `kms.key`. Contains no colon and no slash, and never changes.
    const KIND: &'static str;

    /// Returns the untyped form. What [`identifier!`](crate::identifier) makes has it at hand.
    fn erased(&self) -> ResourceId {
        ResourceId::new(Self::KIND, self.to_string())
    }
}

/// Makes a type an [`Identifier`](crate::Identifier): a text that is not empty and passes a check,
/// if one is given.
///
/// ```
/// regionmig_core::identifier!(
///     /// The name of an entry.
///     pub EntryName, "config.entry"
/// );
/// let name: EntryName = "db".parse()?;
/// assert_eq!(name.as_str(), "db");
/// assert!("".parse::<EntryName>().is_err());
/// # Ok::<(), regionmig_core::NameError>(())
/// ```
#[macro_export]
macro_rules! identifier {
    ($(#[$doc:meta])* $vis:vis $name:ident, $kind:literal) => {
        $crate::identifier!($(#[$doc])* $vis $name, $kind, |_: &str| ::std::result::Result::Ok(()));
    };
    ($(#[$doc:meta])* $vis:vis $name:ident, $kind:literal, $check:expr) => {
        $(#[$doc])*
        // One that is known to be of this kind, and to have passed the check.
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
        $vis struct $name($crate::ResourceId);

        impl $name {
            /// Returns the text.
            #[must_use]
            $vis fn as_str(&self) -> &str {
                self.0.id()
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::NameError;

            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::NameError> {
                let check: fn(&str) -> ::std::result::Result<(), &'static str> = $check;
                match if text.is_empty() { ::std::result::Result::Err("it is empty") } else { check(text) } {
                    ::std::result::Result::Ok(()) => {
                        ::std::result::Result::Ok(Self($crate::ResourceId::new($kind, text)))
                    }
                    ::std::result::Result::Err(why) => {
                        ::std::result::Result::Err($crate::private::name_error($kind, text, why))
                    }
                }
            }
        }

        impl $crate::private::Serialize for $name {
            fn serialize<S: $crate::private::Serializer>(&self, s: S) -> ::std::result::Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::private::Deserializer<'de>>(d: D) -> ::std::result::Result<Self, D::Error> {
                $crate::private::read_text(d, <str>::parse)
            }
        }

        impl $crate::Identifier for $name {
            const KIND: &'static str = $kind;

            fn erased(&self) -> $crate::ResourceId {
                self.0.clone()
            }
        }
    };
}
