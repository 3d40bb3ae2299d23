//! What clients submit: a number that says who it is, and what it asks for.

use cybermesh_proto::TimeUs;
use cybermesh_proto::agree::{Item, ItemKind};

use crate::plan::Change;

/// The identity of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TxId(pub u64);

/// A client's transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Transaction {
    /// Who it is.
    pub id: TxId,
    /// What it asks for.
    pub body: Body,
}

/// What a transaction asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Body {
    /// Nothing but to be applied.
    Note,
    /// That something falls due.
    Due(TimeUs),
    /// Other validators; the number chooses among spares and seats.
    Reconfigure(Change, u32),
}

impl Transaction {
    /// As an item of a batch.
    #[must_use]
    pub fn item(&self) -> Item {
        let (tag, argument) = match self.body {
            Body::Note => (0_u8, 0),
            Body::Due(time) => (1, time.get()),
            Body::Reconfigure(Change::Add, number) => (2, u64::from(number)),
            Body::Reconfigure(Change::Remove, number) => (3, u64::from(number)),
            Body::Reconfigure(Change::Rotate, number) => (4, u64::from(number)),
        };
        let mut bytes = vec![tag];
        bytes.extend(self.id.0.to_be_bytes());
        bytes.extend(argument.to_be_bytes());
        ItemKind::Event.item(bytes).expect("17 bytes fit")
    }

    /// From the bytes of an item; what is no transaction has no effect.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (tag, rest) = bytes.split_first()?;
        let (id, argument) = rest.split_first_chunk::<8>()?;
        let argument = u64::from_be_bytes(argument.try_into().ok()?);
        let number = u32::try_from(argument).unwrap_or_default();
        let body = match tag {
            0 => Body::Note,
            1 => Body::Due(TimeUs::new(argument)),
            2 => Body::Reconfigure(Change::Add, number),
            3 => Body::Reconfigure(Change::Remove, number),
            4 => Body::Reconfigure(Change::Rotate, number),
            _ => return None,
        };
        Some(Self { id: TxId(u64::from_be_bytes(*id)), body })
    }
}
