// A network that learns while one looks on, on the page's own thread: `fit` trains for some milliseconds at a time, `onProgress` shows what came
// of it and waits for the next frame. While it is paused, one step of backpropagation can be taken and read: step.js.
import { binaryCrossEntropy, dense, network, sgd } from "/dist/chainrule.browser.js";
import { oneStep } from "./step.js";

const RATE = 0.3;

const BLUE = [37, 99, 235];
const ORANGE = [234, 115, 23];
/** Places that are asked for along each side; the canvas smooths between them. */
const SIDE = 96;
/** Losses that the curve shows; of a longer run every second one is dropped, as often as it takes. */
const MOST_LOSSES = 512;
/** Places along each side of a hidden unit's picture, which has a border of 1, and pictures in a row. */
const TILE = 22;
const IN_ROW = 12;

const find = (id) => document.getElementById(id);
const plane = find("plane").getContext("2d");
const curve = find("curve").getContext("2d");
const units = find("units").getContext("2d");

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
/** Is one step to be taken? */
let once = false;
/** Where the arrow keys have moved the cross; it is shown while they are used. */
let cross;
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
    optimizer: sgd({ learningRate: RATE }),
    metrics: ["accuracy"],
    seed,
  });
  losses = [];
  every = 1;
  chunks = 0;
  find("step").textContent = "Pause, and take one step to see its numbers.";
}

/** The middle of each of so many squares along each side. */
const middles = (side) =>
  Float32Array.from({ length: 2 * side * side }, (_, i) => {
    const square = i >> 1;
    const at = i & 1 ? Math.floor(square / side) : square % side;
    return (2 * (at + 0.5)) / side - 1;
  });

/** What the network says of the middle of each of SIDE x SIDE squares, as an image. */
const squares = middles(SIDE);
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
    // Dark, light and its colour: seen on a ground of the same colour, too.
    for (const [style, width] of [
      ["black", 4],
      ["white", 2.5],
    ]) {
      plane.strokeStyle = style;
      plane.lineWidth = width;
      plane.stroke();
    }
    plane.fillStyle = `rgb(${colour ? ORANGE : BLUE})`;
    plane.fill();
  }
  if (!cross) return;
  const [x, y] = cross.map((at) => ((at + 1) / 2) * width);
  plane.lineWidth = 2;
  plane.strokeStyle = "black";
  plane.strokeRect(x - 8, y - 8, 16, 16);
  plane.strokeStyle = "white";
  plane.strokeRect(x - 10, y - 10, 20, 20);
}

const places = middles(TILE);
const nothing = new Float32Array(TILE * TILE);

/** Each hidden unit's activation at every place, from its lowest, blue, to its highest, orange, 0 being grey. */
function drawUnits() {
  const { layers } = net.trace(places, nothing);
  for (const [l, { a }] of layers.slice(0, -1).entries()) {
    const count = a.shape[1];
    for (let unit = 0; unit < count; ++unit) {
      const image = new ImageData(TILE, TILE);
      let most = 1e-6;
      for (let i = 0; i < TILE * TILE; ++i) most = Math.max(most, Math.abs(a.values[i * count + unit]));
      for (let i = 0; i < TILE * TILE; ++i) {
        const share = a.values[i * count + unit] / most;
        const colour = share < 0 ? BLUE : ORANGE;
        for (let c = 0; c < 3; ++c) image.data[4 * i + c] = 200 + Math.abs(share) * (colour[c] - 200);
        image.data[4 * i + 3] = 255;
      }
      const row = (l * count) / IN_ROW + Math.floor(unit / IN_ROW);
      units.putImageData(image, (unit % IN_ROW) * (TILE + 2), row * (TILE + 2));
    }
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
  curve.strokeStyle = getComputedStyle(curve.canvas).color;
  curve.lineWidth = 2;
  curve.stroke();
}

/** All of it, as network and points are now. @param progress of the run, if there is one */
function show(progress) {
  if (points.length === 0) {
    losses = [];
    find("numbers").value = "No points: click into the plane to add some.";
  } else {
    const { loss, metrics } = net.evaluate(data());
    if (progress) keep(loss);
    const { name, build } = net.backend;
    const speed = progress ? `, ${Math.round(progress.samplesPerSecond).toLocaleString("en")} samples/s` : "";
    find("numbers").value =
      `loss ${loss.toFixed(6)}, ${(100 * metrics.accuracy).toFixed(1)} % of ${points.length} points right\n` +
      `${net.steps.toLocaleString("en")} steps${speed} (${name}, ${build})`;
  }
  drawPlane();
  drawUnits();
  drawCurve();
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
    show();
    if (once && points.length > 0) {
      find("step").textContent = oneStep(net, data(), points.at(-1), RATE);
      keep(net.evaluate(data()).loss);
      show();
    }
    once = false;
    find("once").disabled = !paused || points.length === 0;
    if (paused || points.length === 0) await changed();
    else {
      const onProgress = async (progress) => {
        show(progress);
        await frame();
      };
      const chunkMilliseconds = 2 ** time.value;
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

/** @param shift whether the other key than the chosen colour's is held */
function add(x, y, shift) {
  points.push([x, y, find("orange").checked || shift ? 1 : 0]);
  act();
}

plane.canvas.addEventListener("click", ({ offsetX, offsetY, shiftKey }) => {
  const { clientWidth, clientHeight } = plane.canvas;
  cross = undefined;
  add((2 * offsetX) / clientWidth - 1, (2 * offsetY) / clientHeight - 1, shiftKey);
});
const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
find("board").addEventListener("keydown", (event) => {
  const { key, shiftKey } = event;
  if (moves[key]) cross = (cross ?? [0, 0]).map((at, i) => Math.max(-1, Math.min(1, at + moves[key][i] / 16)));
  else if ((key === "Enter" || key === " ") && cross) add(...cross, shiftKey);
  else return;
  event.preventDefault();
  drawPlane();
});
find("board").addEventListener("blur", () => {
  cross = undefined;
});
find("pause").addEventListener("click", ({ target }) => {
  paused = !paused;
  target.textContent = paused ? "Go on" : "Pause";
  act();
});
find("once").addEventListener("click", () => {
  once = true;
  act();
});
const time = find("time");
const showTime = () => {
  const text = `${Number((2 ** time.value).toPrecision(2))} ms`;
  find("span").textContent = text;
  time.setAttribute("aria-valuetext", text);
};
time.addEventListener("input", () => {
  showTime();
  act();
});
showTime();
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
