//! Field types that take whatever stands in a field: what fits is kept, what does not becomes
//! absent. One drifting field must not cost a page.

use std::{fmt, marker::PhantomData};

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// A string, or a number or boolean written as one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(pub Option<String>);

/// An integer, or a string that holds one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Integer(pub Option<i64>);

/// A boolean, or `"true"` or `"false"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flag(pub Option<bool>);

/// An ISO 8601 instant. Without an offset (analytics) it is UTC, because that is what was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Instant(pub Option<Timestamp>);

/// An object, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct One<T>(pub Option<T>);

/// A list; null and anything else is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Many<T>(pub Vec<T>);

/// A reference or a full object: both carry id and type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Reference {
    /// PagerDuty's id.
    pub id: Text,
    /// For example `user_reference`.
    pub r#type: Text,
    /// A display name.
    pub summary: Text,
}

impl Text {
    /// The string, empty when absent.
    pub fn or_empty(self) -> String {
        self.0.unwrap_or_default()
    }

    /// The string unless it is absent or empty.
    pub fn filled(self) -> Option<String> {
        self.0.filter(|text| !text.is_empty())
    }
}

impl Integer {
    /// The number, 0 when absent.
    pub fn or_zero(self) -> i64 {
        self.0.unwrap_or(0)
    }
}

impl Instant {
    /// The protobuf form.
    pub fn proto(self) -> Option<prost_types::Timestamp> {
        self.0.map(proto::time::to_proto)
    }
}

impl One<Reference> {
    /// The id unless it is absent or empty.
    pub fn id(self) -> Option<String> {
        self.0?.id.filled()
    }

    /// The id, empty when absent.
    pub fn id_or_empty(self) -> String {
        self.id().unwrap_or_default()
    }
}

impl Many<Reference> {
    /// The ids that are there.
    pub fn ids(self) -> Vec<String> {
        self.0
            .into_iter()
            .filter_map(|one| one.id.filled())
            .collect()
    }
}

impl<T> Default for One<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Everything but the one kind of value a visitor is there for becomes its default.
macro_rules! default_otherwise {
    ($($visit:ident: $kind:ty),*) => {
        $(fn $visit<E: Error>(self, _: $kind) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        })*

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
}

mod instant;

/// What any JSON value says, scalars only; containers are skipped.
enum Scalar {
    Absent,
    Text(String),
    Integer(i64),
    Flag(bool),
    Other(String),
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(i64::try_from(number)
            .map_or_else(|_| Scalar::Other(number.to_string()), Scalar::Integer))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Other(number.to_string()))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Scalar, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Absent)
    }

    fn visit_none<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Absent)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Absent => None,
            Scalar::Text(text) | Scalar::Other(text) => Some(text),
            Scalar::Integer(number) => Some(number.to_string()),
            Scalar::Flag(flag) => Some(flag.to_string()),
        }))
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Integer(number) => Some(number),
            Scalar::Text(text) => text.trim().parse().ok(),
            Scalar::Other(text) => text.parse::<f64>().ok().map(|number| number as i64),
            Scalar::Absent | Scalar::Flag(_) => None,
        }))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Flag(flag) => Some(flag),
            Scalar::Text(text) => text.trim().parse().ok(),
            Scalar::Integer(number @ (0 | 1)) => Some(number == 1),
            _ => None,
        }))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(OneVisitor(PhantomData))
            .map(Self)
    }
}

struct OneVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<T>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    default_otherwise!(visit_str: &str, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_bool: bool);
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(ManyVisitor(PhantomData))
            .map(Self)
    }
}

struct ManyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ManyVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or null")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut values = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1_000));
        while let Some(One(value)) = seq.next_element::<One<T>>()? {
            values.extend(value);
        }
        Ok(values)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<T>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Vec::new())
    }

    default_otherwise!(visit_str: &str, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_bool: bool);
}

/// A list of strings; what is no string in it is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordsVisitor;

        impl<'de> Visitor<'de> for WordsVisitor {
            type Value = Vec<String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of strings or null")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<String>, A::Error> {
                let mut words = Vec::new();
                while let Some(Text(word)) = seq.next_element()? {
                    words.extend(word);
                }
                Ok(words)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Vec::new())
            }

            default_otherwise!(visit_str: &str, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_bool: bool);
        }

        deserializer.deserialize_any(WordsVisitor).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(json: &str) -> T {
        serde_json::from_str(json).expect("tolerated")
    }

    #[test]
    fn whatever_stands_in_a_field_is_tolerated() {
        for json in [
            "null",
            "1",
            "-1",
            "1.5",
            "true",
            "\"x\"",
            "[1,{}]",
            "{\"a\":[]}",
            "18446744073709551615",
        ] {
            read::<Text>(json);
            read::<Integer>(json);
            read::<Flag>(json);
            read::<Instant>(json);
            read::<One<Reference>>(json);
            read::<Many<Reference>>(json);
            read::<Words>(json);
        }
    }

    #[test]
    fn values_of_another_type_are_kept_where_they_make_sense() {
        assert_eq!(read::<Text>("7"), Text(Some("7".to_owned())));
        assert_eq!(read::<Integer>("\"7\""), Integer(Some(7)));
        assert_eq!(read::<Integer>("7.0"), Integer(Some(7)));
        assert_eq!(read::<Flag>("\"true\""), Flag(Some(true)));
        assert_eq!(
            read::<Many<Reference>>("[{\"id\":\"P1\"},null,3]").ids(),
            ["P1"]
        );
    }

    #[test]
    fn an_instant_without_an_offset_is_utc() {
        let expected = "2025-03-04T09:30:51Z".parse().ok();
        assert_eq!(read::<Instant>("\"2025-03-04T09:30:51\"").0, expected);
        assert_eq!(read::<Instant>("\"2025-03-04T04:30:51-05:00\"").0, expected);
        assert_eq!(read::<Instant>("\"yesterday\"").0, None);
    }
}
