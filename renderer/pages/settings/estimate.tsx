import { Flex, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { estimateBytesPerHour } from '../../../shared/size-estimate.ts';
import { formatSize } from '../../format.ts';
import type { ValueNow } from './section-form.tsx';

const MODES = ['10', '11', '12'] as const;

/** What an hour of recording would take by the values in the form, saved or not. */
export function Estimate({ valueNow }: { valueNow: ValueNow }) {
  const { t, i18n } = useTranslation();
  const number = (key: string) => Number(valueNow(key) ?? Number.NaN);
  const video = {
    width: number('video.width'),
    height: number('video.height'),
    fps: number('video.fps'),
    crf: number('video.crf'),
    maxRateKbps: number('video.maxRateKbps'),
  };
  const size = (mode: (typeof MODES)[number]) => {
    const audioKbps = number(mode === '10' ? 'audio.mp3Kbps' : 'audio.aacKbps');
    const bytes = estimateBytesPerHour({ mode, ...video, audioKbps });
    return Number.isFinite(bytes) ? formatSize(bytes, i18n.language) : null;
  };
  const sizes = MODES.map((mode) => ({ mode, size: size(mode) }));
  return (
    <div className="estimate">
      <Text as="p" size="2" weight="medium">
        {t('settings.estimate.title')}
      </Text>
      <Flex asChild gap="5" wrap="wrap" mt="2">
        <dl className="estimate-sizes">
          {sizes.map((one) => (
            <div key={one.mode}>
              <Text asChild size="1" color="gray" highContrast>
                <dt>{t(`settings.estimate.${one.mode}`)}</dt>
              </Text>
              <Text asChild size="5" weight="medium" className="numbers">
                <dd data-mode={one.mode}>{one.size ?? '–'}</dd>
              </Text>
            </div>
          ))}
        </dl>
      </Flex>
      <Text as="p" size="1" color="gray" highContrast mt="2">
        {sizes.some((one) => one.size === null) ? t('settings.estimate.wrong') : t('settings.estimate.note')}
      </Text>
    </div>
  );
}
