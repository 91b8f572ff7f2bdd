// Collects the microphone into frames of 20 ms, and plays the frames that come.
class Sound extends AudioWorkletProcessor {
  constructor() {
    super();
    this.captured = new Float32Array(960);
    this.filled = 0;
    this.waiting = [];
    this.at = 0;
    this.playing = false;
    this.port.onmessage = (event) => {
      this.waiting.push(event.data);
      while (this.waiting.length > 10) { // 200 ms
        this.waiting.shift();
        this.at = 0;
      }
    };
  }

  process(inputs, outputs) {
    const heard = inputs[0][0], out = outputs[0][0];
    for (let i = 0; i < out.length; i++) {
      this.captured[this.filled++] = heard ? heard[i] : 0;
      if (this.filled === 960) {
        this.port.postMessage(this.captured.slice());
        this.filled = 0;
      }
      if (!this.playing && this.waiting.length >= 3) this.playing = true;
      if (this.playing && this.waiting.length) {
        out[i] = this.waiting[0][this.at++];
        if (this.at === 960) {
          this.waiting.shift();
          this.at = 0;
        }
      } else {
        this.playing = false;
        out[i] = 0;
      }
    }
    return true;
  }
}
registerProcessor("sound", Sound);
