//! Closed sets of words that are stored as TEXT, and what stored text may not contain.

/// A word that is not in its closed set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not one of {expected}")]
pub struct UnknownWord {
    /// What was given.
    pub word: String,
    /// The words of the set, comma-separated.
    pub expected: &'static str,
}

/// Why a piece of text cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// PostgreSQL cannot hold NUL in TEXT, so no engine may.
    #[error("must not contain NUL")]
    Nul,
    /// Fewer characters than allowed.
    #[error("must have at least {0} characters")]
    TooShort(usize),
    /// More characters than allowed.
    #[error("must have at most {0} characters")]
    TooLong(usize),
}

/// Checks text for storage: no NUL, and a length in Unicode code points within `min..=max`.
pub(crate) fn check(text: &str, min: usize, max: usize) -> Result<(), TextError> {
    if text.contains('\0') {
        return Err(TextError::Nul);
    }
    let length = text.chars().count();
    if length < min {
        return Err(TextError::TooShort(min));
    }
    if length > max {
        return Err(TextError::TooLong(max));
    }
    Ok(())
}

/// Declares an enum whose variants are words in the database and on the wire: one list for
/// `as_str()`, `FromStr`, `Display`, serde and both database engines.
macro_rules! text_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vmeta])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every member, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that is stored and sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownWord {
                        word: word.to_owned(),
                        expected: concat!($("`", $word, "` "),+),
                    }),
                }
            }
        }

        $crate::text::text_column!($name, |word| word.as_str().to_owned(), |text| Ok(text.parse()?));
    };
}
pub(crate) use text_enum;

/// Gives a newtype around `String` its representation as TEXT on both engines.
macro_rules! text_column {
    ($name:ty, $encode:expr, $decode:expr) => {
        impl<DB: sqlx::Database> sqlx::Type<DB> for $name
        where
            String: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <String as sqlx::Type<DB>>::type_info()
            }

            fn compatible(ty: &DB::TypeInfo) -> bool {
                <String as sqlx::Type<DB>>::compatible(ty)
            }
        }

        impl<'q, DB: sqlx::Database> sqlx::Encode<'q, DB> for $name
        where
            String: sqlx::Encode<'q, DB>,
        {
            fn encode_by_ref(
                &self,
                buf: &mut <DB as sqlx::Database>::ArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                let encode: fn(&Self) -> String = $encode;
                <String as sqlx::Encode<'q, DB>>::encode(encode(self), buf)
            }
        }

        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $name
        where
            String: sqlx::Decode<'r, DB>,
        {
            fn decode(
                value: <DB as sqlx::Database>::ValueRef<'r>,
            ) -> Result<Self, sqlx::error::BoxDynError> {
                let decode: fn(String) -> Result<Self, sqlx::error::BoxDynError> = $decode;
                decode(<String as sqlx::Decode<'r, DB>>::decode(value)?)
            }
        }
    };
}
pub(crate) use text_column;
