//! From the brightness of modules to their darkness, with a threshold that follows the picture.

/// Modules to every side whose brightness sets the threshold for one.
const NEIGHBOURHOOD: usize = 5;

/// From brightness to darkness: around every module the mean of the lighter and of the darker ones is taken, and the
/// threshold lies between the two.
pub(super) fn darkness(greys: &[Option<f32>], side: usize) -> Vec<f32> {
    let known: Vec<f32> = greys.iter().flatten().copied().collect();
    if known.is_empty() {
        return vec![0.0; greys.len()];
    }
    let mean = known.iter().sum::<f32>() / known.len() as f32;
    let mut thresholds = vec![mean; greys.len()];
    let mut contrasts = vec![0.0_f32; greys.len()];
    let mut whole_contrast = 0.0;
    for round in 0..3 {
        let sums = ClassSums::new(greys, &thresholds, side);
        let (_, overall_light, overall_dark) = sums.means(0, 0, side, side, (mean, mean));
        whole_contrast = overall_light - overall_dark;
        for row in 0..side {
            for column in 0..side {
                let (left, top) = (column.saturating_sub(NEIGHBOURHOOD), row.saturating_sub(NEIGHBOURHOOD));
                let (right, bottom) = ((column + NEIGHBOURHOOD + 1).min(side), (row + NEIGHBOURHOOD + 1).min(side));
                let (balance, light, dark) = sums.means(left, top, right, bottom, (overall_light, overall_dark));
                let index = row * side + column;
                // At first simply the mean around: the classes are not yet worth much.
                thresholds[index] = if round == 0 { balance } else { (light + dark) / 2.0 };
                contrasts[index] = light - dark;
            }
        }
    }
    greys
        .iter()
        .zip(thresholds.iter().zip(&contrasts))
        .map(|(grey, (threshold, contrast))| {
            let half = (contrast.max(0.3 * whole_contrast) / 2.0).max(1.0);
            grey.map_or(0.0, |grey| ((threshold - grey) / half).clamp(-1.0, 1.0))
        })
        .collect()
}

/// Sums above and to the left of each module: brightness and number of the light and of the dark ones.
struct ClassSums {
    sums: Vec<[f32; 4]>,
    stride: usize,
}

impl ClassSums {
    fn new(greys: &[Option<f32>], thresholds: &[f32], side: usize) -> Self {
        let stride = side + 1;
        let mut sums = vec![[0.0_f32; 4]; stride * stride];
        for row in 0..side {
            let mut line = [0.0_f32; 4];
            for column in 0..side {
                let index = row * side + column;
                if let Some(grey) = greys[index] {
                    let class = if grey > thresholds[index] { 0 } else { 2 };
                    line[class] += grey;
                    line[class + 1] += 1.0;
                }
                let above = sums[row * stride + column + 1];
                sums[(row + 1) * stride + column + 1] = std::array::from_fn(|i| above[i] + line[i]);
            }
        }
        Self { sums, stride }
    }

    /// Mean of all, of the light and of the dark modules in a rectangle; `fallback` where there are none.
    fn means(&self, left: usize, top: usize, right: usize, bottom: usize, fallback: (f32, f32)) -> (f32, f32, f32) {
        let at = |column: usize, row: usize| self.sums[row * self.stride + column];
        let (a, b, c, d) = (at(left, top), at(right, top), at(left, bottom), at(right, bottom));
        let [light, lights, dark, darks]: [f32; 4] = std::array::from_fn(|i| d[i] + a[i] - b[i] - c[i]);
        let mean = |sum: f32, count: f32, fallback: f32| if count > 0.5 { sum / count } else { fallback };
        let all = mean(light + dark, lights + darks, (fallback.0 + fallback.1) / 2.0);
        (all, mean(light, lights, fallback.0), mean(dark, darks, fallback.1))
    }
}
