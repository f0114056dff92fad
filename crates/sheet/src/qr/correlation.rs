//! How well the brightness of samples fits a pattern of dark and light, as finder and alignment patterns are.

/// Brightness of the samples where the pattern has one of its two values, in whole numbers: they add up exactly.
#[derive(Clone, Copy, Default)]
pub(super) struct Samples {
    pub(super) count: u32,
    sum: u32,
    squares: u32,
}

impl Samples {
    #[inline(always)]
    pub(super) fn of(greys: impl Iterator<Item = u8>) -> Self {
        let mut samples = Self::default();
        for grey in greys {
            samples.add(grey);
        }
        samples
    }

    #[inline(always)]
    pub(super) fn add(&mut self, grey: u8) {
        let grey = u32::from(grey);
        self.count += 1;
        self.sum += grey;
        self.squares += grey * grey;
    }
}

/// How far all samples are from their mean.
pub(super) fn deviation(dark: Samples, light: Samples) -> f32 {
    let count = dark.count as f32 + light.count as f32;
    let mean = (dark.sum + light.sum) as f32 / count;
    ((dark.squares + light.squares) as f32 / count - mean * mean).max(0.0).sqrt()
}

/// The correlation with a template of two values, in its point-biserial form, of samples with this deviation. There are some of both.
pub(super) fn correlation(dark: Samples, light: Samples, deviation: f32) -> f32 {
    let [dark_count, light_count] = [dark.count as f32, light.count as f32];
    let difference = light.sum as f32 / light_count - dark.sum as f32 / dark_count;
    difference / deviation * (dark_count * light_count).sqrt() / (dark_count + light_count)
}
