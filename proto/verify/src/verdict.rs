//! What a verifier says of a receipt that holds.

use cybermesh_proto::agree::ItemKind;
use cybermesh_proto::{Code, Count, Epoch, Height, ItemId, TimeUs};

/// How strong the ground is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// The certificate is of the newest epoch that receipt and verifier know.
    Verified,
    /// The certificate is of an epoch that has ended; who stole its keys could have made it since.
    RetiredKeys(Epoch),
}

/// What was found about the producer's own signature. The verdict does not rest on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProducerCheck {
    /// No public key of the producer was given, or the item is no event.
    NotChecked,
    /// The given public keys are not those of the event's producer.
    OtherKeys,
    /// Every signature of the producer holds under the given key.
    Holds,
}

/// The verdict on a receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// How strong the ground is.
    pub standing: Standing,
    /// What kind of item was decided about.
    pub kind: ItemKind,
    /// Its identity.
    pub item: ItemId,
    /// What it ended with.
    pub outcome: Code,
    /// The height it was decided at.
    pub height: Height,
    /// Its place in that block.
    pub index: Count,
    /// The block's time.
    pub time_us: TimeUs,
    /// The epoch it was decided in.
    pub epoch: Epoch,
    /// The height of the certificate that proves it.
    pub certified_height: Height,
    /// The epoch of that certificate.
    pub certified_epoch: Epoch,
    /// What was found about the producer's own signature.
    pub producer: ProducerCheck,
}
