//! Tagged unions: `[tag, content]`, with a tag that is a small number fixed for ever.

/// Implements the encoding of an enum whose variants hold one content each.
macro_rules! union {
    ($name:ident { $($tag:literal => $variant:ident($content:ty)),+ $(,)? }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeTuple as _;
                let mut tuple = serializer.serialize_tuple(2)?;
                match self {
                    $(Self::$variant(content) => {
                        tuple.serialize_element::<u8>(&$tag)?;
                        tuple.serialize_element(content)?;
                    })+
                }
                tuple.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Tagged;

                impl<'de> serde::de::Visitor<'de> for Tagged {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        formatter.write_str(concat!("[tag, content] of a ", stringify!($name)))
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<$name, A::Error> {
                        use serde::de::Error as _;
                        let short = |position| A::Error::invalid_length(position, &"[tag, content]");
                        let tag: u8 = seq.next_element()?.ok_or_else(|| short(0))?;
                        match tag {
                            $($tag => {
                                let content: $content = seq.next_element()?.ok_or_else(|| short(1))?;
                                Ok($name::$variant(content))
                            })+
                            _ => Err(A::Error::custom("unknown tag")),
                        }
                    }
                }

                deserializer.deserialize_tuple(2, Tagged)
            }
        }
    };
}
pub(crate) use union;
