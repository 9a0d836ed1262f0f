//! Sources that are looked at closely although no output does.

use super::{Interrupt, Material, Run};
use crate::worker::make;

impl Run<'_> {
    /// Decodes a source that is to be checked, or asked what its file says. `alone`: nobody else decodes it.
    pub(super) async fn check(&mut self, material: &Material, alone: bool) -> Result<(), Interrupt> {
        let intake = self.job.spec.intake;
        if !(intake.checked && alone || intake.metadata) {
            return Ok(());
        }
        let Material::Encoded { bytes, rendering, .. } = material.clone() else { return Ok(()) };
        let (transforms, codec) = (self.transforms.clone(), self.inner.codec.clone());
        let limit = self.inner.admission.bytes();
        let source = make::Checked { transforms, codec, memory_bytes: limit, bytes, rendering };
        let (source, info) = {
            let look = move || source.probe().map(|info| (source, info));
            self.inner.compute(look).await?.map_err(Interrupt::Failed)?
        };
        let memory = self.inner.admission.acquire(make::Checked::memory(&info)).await.map_err(Interrupt::Failed)?;
        let decode = move || {
            let _memory = memory;
            source.decode(&info, intake.metadata)
        };
        self.job.report.metadata = self.inner.compute(decode).await?.map_err(Interrupt::Failed)?;
        Ok(())
    }
}
