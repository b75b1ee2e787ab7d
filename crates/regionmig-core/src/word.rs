//! AWS's own words, of which a service acts on a few and keeps the rest as they are.

/// Makes an enum of words, stored and shown as AWS writes them. A word that AWS adds later is kept as it is.
///
/// ```
/// regionmig_core::words!(
///     /// Whether it can be used.
///     State {
///         /// It can.
///         Enabled = "Enabled",
///     }
/// );
/// assert_eq!(State::from("Enabled"), State::Enabled);
/// assert_eq!(State::from("Creating").as_str(), "Creating");
/// ```
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$of])* $variant,)+
            /// Another word, which this version does not act on.
            Other(::std::string::String),
        }

        impl $name {
            /// Returns the word.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($text => Self::$variant,)+
                    other => Self::Other(::std::borrow::ToOwned::to_owned(other)),
                }
            }
        }

        impl ::std::convert::From<::std::string::String> for $name {
            fn from(word: ::std::string::String) -> Self {
                Self::from(word.as_str())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::private::Serialize for $name {
            fn serialize<S: $crate::private::Serializer>(&self, s: S) -> ::std::result::Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::private::Deserializer<'de>>(d: D) -> ::std::result::Result<Self, D::Error> {
                $crate::private::read_text(d, |word| {
                    ::std::result::Result::<Self, $crate::NameError>::Ok(Self::from(word))
                })
            }
        }
    };
}
