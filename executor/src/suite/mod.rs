//! What every store of the state must do, as a suite that each of them runs: [`store_suite!`](crate::store_suite)
//! makes one test of each case.
//!
//! A case plays heights into a fresh store, keeps what each of them must hold in plain maps, and compares rows,
//! order, roots and proofs. Only for tests; behind the feature `suite`.

mod cases;
mod play;

use cybermesh_proto::Height;

use crate::applied::Writes;
use crate::tree::{TreeStore, TreeUpdate};
use crate::view::{View, ViewError};

pub use cases::{
    absence_is_proven, an_empty_block_keeps_the_root, deleted_rows_are_gone_and_can_come_back,
    heights_are_contiguous, nothing_is_lost_on_reopening, old_heights_are_read_as_they_were,
    pruned_heights_answer_clearly, pruning_leaves_the_last_tree_whole,
    pruning_takes_no_height_that_is_not_there, rows_and_tree_belong_together, rows_come_in_order,
    the_parents_root_is_demanded, the_state_may_be_empty,
};
pub use play::Fault;

/// A store under test.
pub trait SuiteStore: Sized {
    /// A store that holds nothing yet.
    fn open() -> Result<Self, ViewError>;

    /// Takes in the result of the next height, from 0 on.
    fn apply(&mut self, height: Height, writes: &Writes, update: &TreeUpdate) -> Result<(), ViewError>;

    /// What the tree is made of.
    fn tree(&self) -> &dyn TreeStore;

    /// The rows after the newest height.
    fn view(&self) -> Result<Box<dyn View + '_>, ViewError>;

    /// The rows after a height that is kept.
    fn view_at(&self, height: Height) -> Result<Box<dyn View + '_>, ViewError>;

    /// Forgets all heights below this one.
    fn prune(&mut self, below: Height) -> Result<(), ViewError>;

    /// How many nodes it keeps.
    fn node_count(&self) -> Result<usize, ViewError>;

    /// How many versions of values it keeps, deletions included.
    fn version_count(&self) -> Result<usize, ViewError>;

    /// The same store after its process ended and began again.
    fn reopen(self) -> Result<Self, ViewError>;
}

/// Makes a test of each case, for one store.
#[macro_export]
macro_rules! store_suite {
    ($store:ty) => {
        $crate::store_suite! { $store:
            heights_are_contiguous, the_parents_root_is_demanded, an_empty_block_keeps_the_root,
            the_state_may_be_empty, deleted_rows_are_gone_and_can_come_back, old_heights_are_read_as_they_were,
            absence_is_proven, pruned_heights_answer_clearly, pruning_leaves_the_last_tree_whole,
            pruning_takes_no_height_that_is_not_there, rows_come_in_order, rows_and_tree_belong_together,
            nothing_is_lost_on_reopening,
        }
    };
    ($store:ty: $($case:ident),+ $(,)?) => {
        $(
            #[test]
            fn $case() -> Result<(), $crate::suite::Fault> {
                $crate::suite::$case::<$store>()
            }
        )+
    };
}
