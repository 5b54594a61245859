export { createAdmission } from './create-admission.ts';
export type { Admission, AdmissionCaller } from './create-admission.ts';
export { admissionSettings, ratesSetting } from './admission-settings.ts';
export type { AdmissionConfig } from './admission-settings.ts';
export type { Rate } from './parse-rates.ts';
export { createAttemptLimits } from './attempt-limits.ts';
export type { AttemptLimits, AttemptSubject } from './attempt-limits.ts';
