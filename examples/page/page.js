// A network that learns while one looks on, on the page's own thread: `fit` trains for some milliseconds at a time, `onProgress` shows what came
// of it and waits for the next frame.
import { adam, binaryCrossEntropy, dense, network } from "/dist/chainrule.browser.js";

const BLUE = [37, 99, 235];
const ORANGE = [234, 115, 23];
/** Places that are asked for along each side; the canvas smooths between them. */
const SIDE = 96;
/** Losses that the curve shows; of a longer run every second one is dropped, as often as it takes. */
const MOST_LOSSES = 512;

const find = (id) => document.getElementById(id);
const plane = find("plane").getContext("2d");
const curve = find("curve").getContext("2d");

/** Points `[x, y, colour]`, x and y from -1 (left, top) to 1, colour 0 (blue) or 1. */
let points = spirals();
let seed = 0;
let net;
let losses = [];
let every = 1;
let chunks = 0;
/** Ends the `fit` that is under way. */
let change = new AbortController();
/** Are the next run's weights to be new? */
let anew = false;
let paused = false;
let wake = () => {};

function spirals() {
  return Array.from({ length: 200 }, (_, i) => {
    const [colour, along] = [i % 2, (i >> 1) / 100];
    const [radius, angle] = [0.1 + 0.8 * along, 3 * Math.PI * along + Math.PI * colour];
    return [radius * Math.cos(angle), radius * Math.sin(angle), colour];
  });
}

async function begin() {
  net?.dispose();
  seed += 1;
  net = await network({
    input: 2,
    layers: [dense(24, { activation: "silu" }), dense(24, { activation: "silu" }), dense(1)],
    loss: binaryCrossEntropy({ fromLogits: true }),
    optimizer: adam({ learningRate: 0.01 }),
    metrics: ["accuracy"],
    seed,
  });
  losses = [];
  every = 1;
  chunks = 0;
}

/** What the network says of the middle of each of SIDE x SIDE squares, as an image. */
const squares = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) => {
  const square = i >> 1;
  const at = i & 1 ? Math.floor(square / SIDE) : square % SIDE;
  return (2 * (at + 0.5)) / SIDE - 1;
});
const opinion = new ImageData(SIDE, SIDE);
const small = new OffscreenCanvas(SIDE, SIDE).getContext("2d");

function drawPlane() {
  net.predict(squares).forEach((logit, i) => {
    const orange = 1 / (1 + Math.exp(-logit));
    for (let c = 0; c < 3; ++c) opinion.data[4 * i + c] = 128 + 0.6 * (BLUE[c] + orange * (ORANGE[c] - BLUE[c]) - 128);
    opinion.data[4 * i + 3] = 255;
  });
  small.putImageData(opinion, 0, 0);
  const { width, height } = plane.canvas;
  plane.drawImage(small.canvas, 0, 0, width, height);
  for (const [x, y, colour] of points) {
    plane.beginPath();
    plane.arc(((x + 1) / 2) * width, ((y + 1) / 2) * height, 5, 0, 2 * Math.PI);
    plane.fillStyle = `rgb(${colour ? ORANGE : BLUE})`;
    plane.fill();
    plane.strokeStyle = "white";
    plane.stroke();
  }
}

function keep(loss) {
  if (chunks++ % every === 0) losses.push(loss);
  if (losses.length < MOST_LOSSES) return;
  losses = losses.filter((_, i) => i % 2 === 0);
  every *= 2;
}

function drawCurve() {
  const { width, height } = curve.canvas;
  curve.clearRect(0, 0, width, height);
  // From 1 at the top to a millionth at the bottom.
  const y = (loss) => Math.min(1, Math.max(0, -Math.log10(loss) / 6)) * (height - 4) + 2;
  curve.beginPath();
  for (const [i, loss] of losses.entries()) curve.lineTo((i / Math.max(1, losses.length - 1)) * width, y(loss));
  curve.strokeStyle = `rgb(${ORANGE})`;
  curve.lineWidth = 2;
  curve.stroke();
}

function show({ loss, samplesPerSecond }) {
  keep(loss);
  drawPlane();
  drawCurve();
  const { name, build } = net.backend;
  const { metrics } = net.evaluate(data());
  find("numbers").value =
    `loss ${loss.toFixed(6)}, ${(100 * metrics.accuracy).toFixed(1)} % of ${points.length} points right\n` +
    `${net.steps.toLocaleString("en")} steps, ${Math.round(samplesPerSecond).toLocaleString("en")} samples/s (${name}, ${build})`;
}

function data() {
  return { inputs: points.map(([x, y]) => [x, y]), targets: points.map(([, , colour]) => [colour]) };
}

const frame = () => new Promise(requestAnimationFrame);
const changed = () => new Promise((resolve) => (wake = resolve));

/** Each turn of it is a run on the points there are. */
async function train() {
  await begin();
  while (true) {
    drawPlane();
    if (paused || points.length === 0) await changed();
    else {
      const onProgress = async (progress) => {
        show(progress);
        await frame();
      };
      const chunkMilliseconds = 2 ** find("time").value;
      await net.fit(data(), { epochs: 1e6, batchSize: 16, chunkMilliseconds, signal: change.signal, onProgress });
    }
    change = new AbortController();
    if (!anew) continue;
    anew = false;
    await begin();
  }
}

/** Ends the run, or the wait for one. */
function act() {
  change.abort();
  wake();
}

plane.canvas.addEventListener("click", ({ offsetX, offsetY, shiftKey }) => {
  const { clientWidth, clientHeight } = plane.canvas;
  points.push([(2 * offsetX) / clientWidth - 1, (2 * offsetY) / clientHeight - 1, shiftKey ? 1 : 0]);
  act();
});
find("pause").addEventListener("click", ({ target }) => {
  paused = !paused;
  target.textContent = paused ? "Go on" : "Pause";
  act();
});
find("time").addEventListener("input", () => act());
find("again").addEventListener("click", () => {
  anew = true;
  act();
});
find("clear").addEventListener("click", () => {
  points = [];
  act();
});
find("spirals").addEventListener("click", () => {
  points = spirals();
  act();
});

train().catch((error) => {
  find("numbers").value = `${error}`;
});
