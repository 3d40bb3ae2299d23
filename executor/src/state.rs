//! All rows that a block may change, over the view of the state before it.

use cybermesh_proto::wire::Wire;

use crate::applied::Writes;
use crate::parameters::Parameters;
use crate::rows::keys::single;
use crate::rows::{
    Administrators, Bundle, Chunk, Conduct, Confirmed, Due, EpochRow, Heads, Key, KeyPart, KeyRow, Logs,
    Misdeed, Publisher, Recent, Redriven, Reported, Row, RuleRow, Runs, Seen, Stream, ValidatorQuarantine,
};
use crate::score::Record;
use crate::table::Table;
use crate::view::{View, ViewError};

macro_rules! state {
    ($($field:ident: $row:ty,)+) => {
        /// The rows of the state.
        pub(crate) struct State<'v> {
            pub(crate) view: &'v dyn View,
            $(pub(crate) $field: Table<$row>,)+
        }

        impl<'v> State<'v> {
            /// The state as the view has it.
            pub(crate) fn new(view: &'v dyn View) -> Self {
                Self { view, $($field: Table::default(),)+ }
            }

            /// From here on changes can be taken back.
            pub(crate) fn begin(&mut self) {
                $(self.$field.begin();)+
            }

            /// Takes back all changes since [`Self::begin`].
            pub(crate) fn roll_back(&mut self) {
                $(self.$field.roll_back();)+
            }

            /// What has to be written, ascending by key.
            pub(crate) fn writes(self) -> Writes {
                let mut out = Writes::new();
                $(self.$field.writes(&mut out);)+
                out.sort();
                out
            }
        }

        $(impl Holds<$row> for State<'_> {
            fn table(&mut self) -> (&dyn View, &mut Table<$row>) {
                (self.view, &mut self.$field)
            }
        })+
    };
}

/// That a state has rows of a kind.
pub(crate) trait Holds<R> {
    fn table(&mut self) -> (&dyn View, &mut Table<R>);
}

state! {
    parameters: Parameters,
    epochs: EpochRow,
    administrators: Administrators,
    keys: KeyRow,
    bundles: Bundle,
    key_parts: KeyPart,
    conduct: Conduct,
    streams: Stream,
    chunks: Chunk,
    subjects: Record,
    rules: RuleRow,
    due: Due,
    quarantines: ValidatorQuarantine,
    misdeeds: Misdeed,
    seen: Seen,
    redriven: Redriven,
    heads: Heads,
    logs: Logs,
    recent: Recent,
    publisher: Publisher,
    reported: Reported,
    runs: Runs,
    confirmed: Confirmed,
}

impl State<'_> {
    /// The row of a key.
    pub(crate) fn get<R: Row>(&mut self, key: &[u8]) -> Result<Option<&R>, ViewError>
    where
        Self: Holds<R>,
    {
        let (view, table) = self.table();
        table.get(view, key)
    }

    /// The row of a key, or what stands for none.
    pub(crate) fn get_or_default<R: Row + Default>(&mut self, key: &[u8]) -> Result<R, ViewError>
    where
        Self: Holds<R>,
    {
        Ok(self.get(key)?.cloned().unwrap_or_default())
    }

    /// A row that must be there.
    pub(crate) fn need<R: Row>(&mut self, key: &[u8]) -> Result<&R, ViewError>
    where
        Self: Holds<R>,
    {
        let missing = || ViewError(format!("the state has no {}", <R as Wire>::NAME));
        self.get(key)?.ok_or_else(missing)
    }

    /// Writes a row.
    pub(crate) fn put<R: Row>(&mut self, key: Key, row: R) -> Result<(), ViewError>
    where
        Self: Holds<R>,
    {
        let (view, table) = self.table();
        table.put(view, key, Some(row))
    }

    /// Deletes a row.
    pub(crate) fn delete<R: Row>(&mut self, key: Key) -> Result<(), ViewError>
    where
        Self: Holds<R>,
    {
        let (view, table) = self.table();
        table.put(view, key, None)
    }

    /// The key of the first row in a range.
    pub(crate) fn first<R: Row>(&mut self, (from, below): (&[u8], &[u8])) -> Result<Option<Key>, ViewError>
    where
        Self: Holds<R>,
    {
        let (view, table) = self.table();
        table.first(view, from, below)
    }

    /// The numbers in force.
    pub(crate) fn numbers(&mut self) -> Result<Parameters, ViewError> {
        Ok(*self.need::<Parameters>(&single(Parameters::SPACE))?)
    }
}
